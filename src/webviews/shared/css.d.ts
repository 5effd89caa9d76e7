/** Style sheets are bundled as text (esbuild.mjs). */
declare module "*.css" {
  const text: string;
  export default text;
}
