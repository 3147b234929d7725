/** The phase in which the target's heap is collected while streams are held: what events take then is no latency of theirs. */
export const READ_PHASE = 'read memory of held streams';
