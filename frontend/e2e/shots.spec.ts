import { test } from "@playwright/test";
import { FakeDaemon } from "./fake";
import { halted, report } from "./fixtures/day";

for (const scheme of ["dark", "light"] as const) {
  for (const width of [1440, 1280, 1024, 390]) {
    test(`${scheme} ${width}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      const d = new FakeDaemon(page);
      await d.start();
      await page.getByTestId("net").waitFor();
      await page.waitForTimeout(1200);
      await page.screenshot({ path: `/tmp/shots/active-${scheme}-${width}.png`, fullPage: true });
      console.log(await page.evaluate(() => [...document.fonts].filter(f=>f.status==="loaded").map(f=>f.family+f.unicodeRange.slice(0,20))), d.problems, await page.evaluate(() => document.documentElement.scrollWidth));
      if (width === 1440 || width === 390) {
        d.status({ ...halted });
        await page.waitForTimeout(300);
        await page.screenshot({ path: `/tmp/shots/halted-${scheme}-${width}.png`, fullPage: true });
        await page.getByText("#12").first().click({ force: true }).catch(() => {});
        await page.waitForTimeout(500);
        await page.screenshot({ path: `/tmp/shots/drawer-${scheme}-${width}.png` });
        await page.keyboard.press("Escape");
        await d.cut();
        await page.waitForTimeout(4000);
        await page.screenshot({ path: `/tmp/shots/disconnected-${scheme}-${width}.png`, fullPage: width === 390 });
        void report;
      }
    });
  }
}
