// Ours on WebGL2 also where the element would draw on Canvas2D: what would tell it that there is no GPU is kept from it.

const { getExtension } = WebGL2RenderingContext.prototype;
WebGL2RenderingContext.prototype.getExtension = function (name) {
  return name === "WEBGL_debug_renderer_info" ? null : getExtension.call(this, name);
};
await import("./ours.mjs");
