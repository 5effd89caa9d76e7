/** Builds all kernel variants that are not up to date, and gives the folder they are in. */
export function buildKernels(): Promise<string>;
