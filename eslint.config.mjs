import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/**", "out/**", "build/**", ".tsbuild/**", "**/node_modules/**", ".sample-workspace/**", ".vscode-host/**", "src/engine/kernels/wasm/**", "src/engine/maps/wasm/**"] },
  ...tseslint.configs.recommended,
  {
    rules: {
      // A dropped promise hides its error; the typed rule needs type information, which the type check below gives.
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_", ignoreRestSiblings: true }],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-non-null-assertion": "off", // typed-array loops under noUncheckedIndexedAccess
      "no-console": "error",
      eqeqeq: "error",
    },
  },
  {
    files: ["src/**/*.ts"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: false }],
    },
  },
  { files: ["scripts/**", "tools/**", "bench/**", "esbuild.mjs", "test/vscode/**", "docs/**", "samples/**"], rules: { "no-console": "off" } },
);
