import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const daemon = process.env.ALPHAPULSE_DAEMON ?? "http://127.0.0.1:8321";

export default defineConfig({
  plugins: [react()],
  // The server replaces the placeholder by a fresh nonce in every index.html it hands out.
  html: { cspNonce: "{{csp_nonce}}" },
  build: {
    outDir: "../web/alphapulse_web/dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2023",
  },
  server: { proxy: { "/api": { target: daemon }, "/ws": { target: daemon, ws: true } } },
  // A test that walks all frames takes seconds, and on a busy machine many: only one that hangs ends by time.
  test: { include: ["tests/**/*.test.{ts,tsx}"], testTimeout: 120_000 },
});
