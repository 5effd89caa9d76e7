// What the module of the maps export { fill } from "./fill";
export { mdsDistances } from "./mdsDistances";
export { mdsGather, mdsGuttman, mdsMapDistances, mdsSampledStep } from "./mdsGuttman";
export { mdsMonotone, mdsPick, mdsPutBack, mdsSort, mdsSortTies } from "./mdsMonotone";
export { searchAll } from "./searchAll";
export { searchCells } from "./searchCells";
