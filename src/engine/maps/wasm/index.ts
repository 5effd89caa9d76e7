// What the module of the maps exports: kernels that a crew's threads run in parts (../crew.ts). The memory is imported and
// shared; the module owns no address of it: no static data, no allocator, every address comes in as an argument. A kernel's
// first two arguments are the part it is to do and how many there are; parts may run at once and in any order, so each
// writes what no other part touches.

export { fill } from "./fill";
export { mdsDistances } from "./mdsDistances";
export { mdsGather, mdsGuttman, mdsMapDistances, mdsSampledStep } from "./mdsGuttman";
export { mdsMonotone, mdsPick, mdsPutBack, mdsSort, mdsSortTies } from "./mdsMonotone";
export { rankCandidates } from "./rankCandidates";
export { ranks } from "./ranks";
export { searchAll } from "./searchAll";
export { searchCells } from "./searchCells";
export { searchDirect } from "./searchDirect";
export { tsneConditional, tsneCountIncoming, tsneSymmetrize, tsneTranspose } from "./tsneAffinities";
export { tsneColumns, tsneKernel, tsnePlanes, tsneRowsBack, tsneRowsForward } from "./tsneConvolution";
export { tsneCenter, tsneCrossEntropy, tsneEntropy, tsneGradient, tsneMove, tsneRepelExactly } from "./tsneForces";
export { tsneCountBands, tsneGather, tsneOrderByBand, tsneSpread } from "./tsneGrid";
export { tsneNear, tsneSortCells } from "./tsneNear";
export { tsneTimesCovariance } from "./tsnePrincipal";
export { umapLoss, umapTurn2, umapTurn3 } from "./umapLayout";
export { umapMemberships } from "./umapMemberships";
export { umapChebyshev, umapGram, umapRotate } from "./umapSpectral";
