// Stands for scripts/buildKernels.mjs in the packed GPU tests: what it would build lies in the pack.
import { join } from "node:path";

/** The folder with the kernels. */
export const buildKernels = async () => join(import.meta.dirname, "../../dist/kernels");
