import type { CommandHandler } from "./command";
import { compareMaps } from "./compareMaps";
import { addMap, duplicateSettings, embedDataset, embedSelection, embedWithLastSettings } from "./embedDataset";
import { installCudaBackend, openWalkthrough, restartEngine, showEngineInfo, showLog } from "./engineCommands";
import { deleteCheckpoint, exportLatents, locateDataset, refreshCheckpoints, renameCheckpoint, revealCheckpoint } from "./files";
import { openCommands, showInExplorer } from "./openView";
import { placeRows } from "./placeRows";
import { cancelRun, compareLosses, resumeTraining } from "./training";

/** Every command by id; package.json declares the same ones (manifest.test.ts). */
export const commands: Record<string, CommandHandler> = {
  ...openCommands,
  "latentLens.embedDataset": embedDataset,
  "latentLens.embedWithLastSettings": embedWithLastSettings,
  "latentLens.addMap": addMap,
  "latentLens.placeRows": placeRows,
  "latentLens.embedSelection": embedSelection,
  "latentLens.showInExplorer": showInExplorer,
  "latentLens.resumeTraining": resumeTraining,
  "latentLens.cancelRun": cancelRun,
  "latentLens.renameCheckpoint": renameCheckpoint,
  "latentLens.duplicateSettings": duplicateSettings,
  "latentLens.compareLosses": compareLosses,
  "latentLens.compareMaps": compareMaps,
  "latentLens.exportLatents": exportLatents,
  "latentLens.locateDataset": locateDataset,
  "latentLens.revealCheckpoint": revealCheckpoint,
  "latentLens.deleteCheckpoint": deleteCheckpoint,
  "latentLens.refreshCheckpoints": refreshCheckpoints,
  "latentLens.showEngineInfo": showEngineInfo,
  "latentLens.restartEngine": restartEngine,
  "latentLens.installCudaBackend": installCudaBackend,
  "latentLens.showLog": showLog,
  "latentLens.openWalkthrough": openWalkthrough,
};
