import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { LatentError } from "../../protocol/errors";
import { formatBytes } from "../format";
import type { CommandHandler } from "./command";

/** Show Engine Info: backend, device, memory and versions as a document. */
export const showEngineInfo: CommandHandler = async services => {
  const description = await services.engine.describe();
  const { backend, device, unavailable, details, versions, memory, gflops } = description;
  const detail = (name: string, text: string | undefined) => (text === undefined ? [] : [line(name, text)]);
  const line = (name: string, value: string) => `${name.padEnd(24)}${value}`;
  const text = [
    line(vscode.l10n.t("Backend"), backend),
    line(vscode.l10n.t("Device"), device),
    ...detail(vscode.l10n.t("Kernels"), details.kernels),
    ...detail(vscode.l10n.t("Kernels' self-test"), details.selfTest),
    ...detail(vscode.l10n.t("Threads"), details.threads),
    ...(gflops === null ? [] : [line(vscode.l10n.t("Matrix products"), vscode.l10n.t("{0} GFLOP/s", gflops.toFixed(0)))]),
    line(vscode.l10n.t("Process"), String(services.engine.pid ?? "")),
    line(vscode.l10n.t("Memory of the process"), formatBytes(memory.processBytes)),
    line(vscode.l10n.t("Tensors"), `${memory.tensors}, ${formatBytes(memory.tensorBytes)}`),
    "",
    ...Object.entries(versions).map(([name, version]) => line(name, version)),
    line("Latent Lens", String(services.context.extension.packageJSON.version)),
    ...(Object.keys(unavailable).length > 0 ? ["", vscode.l10n.t("Not in use:")] : []),
    ...Object.entries(unavailable).map(([name, reason]) => line(name, reason)),
  ].join("\n");
  const document = await vscode.workspace.openTextDocument({ content: text, language: "plaintext" });
  await vscode.window.showTextDocument(document, { preview: true });
  return description;
};

/** Restart Engine: ends it; the next command starts it with the settings of now. */
export const restartEngine: CommandHandler = async services => {
  const running = services.runs.all;
  if (running.length > 0) {
    const restart = vscode.l10n.t("Restart");
    const chosen = await vscode.window.showWarningMessage(vscode.l10n.t("Training stops. What was learned up to the last save is kept and can be resumed."), { modal: true }, restart);
    if (chosen !== restart) return;
  }
  await services.engine.stop();
  await services.engine.describe();
};

/** Show Log: the output channel. */
export const showLog: CommandHandler = async services => services.log.show();

/** Get Started with Latent Lens: the walkthrough. */
export const openWalkthrough: CommandHandler = async services => vscode.commands.executeCommand("workbench.action.openWalkthrough", `${services.context.extension.id}#start`, false);

const cudaPackage = "@tensorflow/tfjs-node-gpu@4.22.0";

/** Install CUDA Backend: puts tfjs-node-gpu into the extension's own storage with npm. */
export const installCudaBackend: CommandHandler = async services => {
  if (!vscode.workspace.isTrusted) throw new LatentError("unsupported", vscode.l10n.t("this workspace is not trusted."));
  const install = vscode.l10n.t("Install");
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t("Install TensorFlow with CUDA for Latent Lens?"),
    { modal: true, detail: vscode.l10n.t("npm downloads {0} and about 400 MB of TensorFlow into the extension's storage. It needs npm in PATH, an NVIDIA GPU with its driver, CUDA 11.2 and cuDNN 8.1, on Linux or Windows. Without them Latent Lens uses any GPU through WebGPU.", cudaPackage) },
    install,
  );
  if (chosen !== install) return;
  const folder = services.engine.tensorflowFolder;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), '{ "private": true }\n');
  await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: vscode.l10n.t("Installing TensorFlow with CUDA"), cancellable: true }, (progress, token) => npmInstall(folder, services.log, text => progress.report({ message: text }), token));
  if (services.runs.all.length > 0) {
    // A run is not worth less than the new backend: the next start of the engine takes it.
    void vscode.window.showInformationMessage(vscode.l10n.t("TensorFlow with CUDA is installed. It is used when the engine next starts: restart it when training is over."));
    return;
  }
  await services.engine.stop();
  const { backend, unavailable } = await services.engine.describe();
  if (backend === "tensorflow") void vscode.window.showInformationMessage(vscode.l10n.t("Latent Lens now trains with TensorFlow on CUDA."));
  else throw new LatentError("unsupported", vscode.l10n.t("TensorFlow was installed but does not start: {0}", unavailable.tensorflow ?? vscode.l10n.t("the setting latentLens.backend chooses {0}", backend)));
};

function npmInstall(folder: string, log: vscode.LogOutputChannel, report: (text: string) => void, token: vscode.CancellationToken): Promise<void> {
  return new Promise((resolve, reject) => {
    const npm = spawn("npm", ["install", "--no-audit", "--no-fund", cudaPackage], { cwd: folder, shell: process.platform === "win32" });
    let lastLine = "";
    const listen = (chunk: Buffer) => {
      log.info(String(chunk).trimEnd());
      lastLine = String(chunk).trim().split("\n").at(-1) ?? lastLine;
      report(lastLine.slice(0, 80));
    };
    npm.stdout.on("data", listen);
    npm.stderr.on("data", listen);
    token.onCancellationRequested(() => npm.kill());
    npm.on("error", error => reject(new LatentError("unsupported", vscode.l10n.t("npm could not be started: {0}", error.message))));
    npm.on("close", code => {
      if (token.isCancellationRequested) reject(new LatentError("cancelled", "Cancelled."));
      else if (code === 0) resolve();
      else reject(new LatentError("unsupported", vscode.l10n.t("npm ended with code {0}: {1}", code ?? "?", lastLine)));
    });
  });
}
