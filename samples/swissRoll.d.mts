/** Points of a rolled-up plane, and the angle of each along the roll. */
export function rollUp(count: number): { points: Float32Array; positions: Float32Array };
