<<<<<<< HEAD
// What the module of the maps export { fill } from "./fill";
export { mdsDistances } from "./mdsDistances";
export { mdsGather, mdsGuttman, mdsMapDistances, mdsSampledStep } from "./mdsGuttman";
export { mdsMonotone, mdsPick, mdsPutBack, mdsSort, mdsSortTies } from "./mdsMonotone";
export { searchAll } from "./searchAll";
export { searchCells } from "./searchCells";
export { umapEpoch2, umapEpoch3, umapLoss } from "./umapLayout";
export { umapMemberships } from "./umapMemberships";
export { umapChebyshev, umapGram, umapRotate } from "./umapSpectral";
