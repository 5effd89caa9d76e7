import { host } from "./host";

/** PNG bytes of a canvas. */
export async function pngOf(canvas: HTMLCanvasElement): Promise<Uint8Array> {
  const blob = await new Promise<Blob>((resolve, reject) => canvas.toBlob(made => (made ? resolve(made) : reject(new Error("The picture is too large for a PNG."))), "image/png"));
  return new Uint8Array(await blob.arrayBuffer());
}

/** Asks for a place and writes the canvas there as PNG. */
export async function savePng(name: string, canvas: HTMLCanvasElement): Promise<void> {
  await host.save({ name: `${name}.png`, content: await pngOf(canvas) });
}
