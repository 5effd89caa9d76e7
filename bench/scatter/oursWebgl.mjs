// Ours on WebGL2, also where the element would rather not: it must not learn that the processor draws it. One of the few
// places where a page may be lied to.

const { getExtension } = WebGL2RenderingContext.prototype;
WebGL2RenderingContext.prototype.getExtension = function (name) {
  return name === "WEBGL_debug_renderer_info" ? null : getExtension.call(this, name);
};
await import("./ours.mjs");
