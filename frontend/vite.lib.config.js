import { defineConfig } from "vite";

/**
 * The client as one file, for pages without a bundler. Not as Vite's `lib`, which leaves white space in ES modules.
 * @param {string} entry
 */
export const oneFile = (entry) => ({
  outDir: "dist",
  emptyOutDir: false,
  target: "es2022",
  modulePreload: false,
  rolldownOptions: {
    input: entry,
    preserveEntrySignatures: /** @type {const} */ ("strict"),
    output: { entryFileNames: "auth.min.js" },
  },
});

export default defineConfig({ build: oneFile("src/services/authService.js") });
