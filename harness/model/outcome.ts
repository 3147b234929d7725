/** `inconclusive`: measured, but it does not decide. `invalid`: what should have been measured was not. */
export type Outcome = 'pass' | 'fail' | 'inconclusive' | 'invalid';

export type CheckName =
  | 'memory-budget'
  | 'memory-leak'
  | 'controls'
  | 'connection-limit'
  | 'slots-released'
  | 'timeout-close'
  | 'streams-held'
  | 'tabs-in-browser'
  | 'browser-heap'
  | 'load-held'
  | 'generator-health'
  | 'event-integrity'
  | 'rejections'
  | 'responsiveness'
  | 'history-cost'
  | 'cleanup'
  | 'load-landed'
  | 'target-alive';
