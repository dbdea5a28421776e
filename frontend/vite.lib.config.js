import { defineConfig } from "vite";

/** The client as one file, for pages without a bundler. */
export default defineConfig({
  build: {
    outDir: "dist",
    emptyOutDir: false,
    target: "es2022",
    lib: { entry: "src/services/authService.js", formats: ["es"], fileName: () => "auth.min.js" },
  },
});
