import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results",
  workers: 2,
  // Nothing here is about speed: what is not there yet is waited for, also on a slow machine.
  timeout: 300_000,
  expect: { timeout: 60_000 },
  // A machine that is busy for a moment is no fault of the page; a fault comes twice. What came once is listed as flaky.
  retries: 1,
  forbidOnly: true,
  reporter: "list",
  use: {
    viewport: { width: 1440, height: 900 },
    timezoneId: "UTC",
    launchOptions: {
      executablePath: "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  projects: [{ name: "chromium" }],
});
