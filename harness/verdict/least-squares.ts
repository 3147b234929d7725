/** Below this share of its own length, what is left of a column is rounding. */
const ROUNDING = 1e-9;

/**
 * What the columns do not explain of `values`: the residuals of least squares, by modified Gram–Schmidt (Å. Björck,
 * "Numerical Methods for Least Squares Problems", SIAM 1996, chapter 2.4). A column that others make up adds nothing.
 */
export function residuals(values: readonly number[], columns: readonly (readonly number[])[]): number[] {
  const basis: number[][] = [];
  for (const column of columns) {
    const rest = basis.reduce(removeDirection, [...column]);
    if (sumOfSquares(rest) > ROUNDING ** 2 * sumOfSquares(column)) basis.push(rest);
  }
  return basis.reduce(removeDirection, [...values]);
}

export function sumOfSquares(values: readonly number[]): number {
  return dot(values, values);
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

function removeDirection(values: number[], direction: readonly number[]): number[] {
  const share = dot(values, direction) / sumOfSquares(direction);
  return values.map((value, index) => value - share * (direction[index] ?? 0));
}
