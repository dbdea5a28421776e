import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** `npm run dev` sends the API's paths to a running service; `BASE_URL` names another one. */
const service = process.env.BASE_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    // The service's CSP knows no inline script and no data: but for images, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000, // kB: Swagger UI, on its own page
    rolldownOptions: { input: ["index.html", "api-docs.html"] },
  },
  server: {
    strictPort: true,
    proxy: { "/api": service, "/.well-known": service },
  },
});
