/** Looks at the data; each further one doubles the cycles. The error is split over them. */
export const MAX_LOOKS = 3;

/** Overall chance that a true rate lies outside its interval at any of the looks. */
const TOTAL_ERROR = 0.01;
export const LOOK_CONFIDENCE = 1 - TOTAL_ERROR / MAX_LOOKS;

/** The two-sided quantile of the normal distribution at that confidence. */
export const LOOK_QUANTILE = 2.9352;

/**
 * Working cycles of the first look. With 8 of them the simulated power at the nominal detectable effect was 39 %, with
 * 18 it was 74 %.
 */
export const MIN_CYCLES = 18;
