import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  expect(wide).toBeLessThanOrEqual(seen ?? 0);
  const overlays = page.locator(".mantine-Drawer-content, .mantine-Drawer-body, .mantine-Modal-content, .mantine-Modal-body");
  expect(await overlays.evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth).length)).toBe(0);
}

/** No finding of axe. Colours are judged when nothing fades any more: what ends by itself is waited for. */
export async function expectAccessible(page: Page, where = "page"): Promise<void> {
  await expect
    .poll(() =>
      page.evaluate(
        () => document.getAnimations().filter((one) => one.playState === "running" && one.effect?.getComputedTiming().endTime !== Infinity).length,
      ),
    )
    .toBe(0);
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${where}: ${id}: ${node.html.slice(0, 160)}`));
  expect(found).toEqual([]);
}
