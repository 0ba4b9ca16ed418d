/** The page of settings: what a person chose is taken up at once and kept in the browser. */
import { expect, test } from "@playwright/test";

import { FakeDaemon } from "./fake";
import { expectAccessible, expectNoSidewaysScroll } from "./layout";

test.use({ timezoneId: "Asia/Tokyo" });

test("numbers, times, colours and theme are chosen here and kept", async ({ page }) => {
  const daemon = new FakeDaemon(page);
  await daemon.start("/settings");
  const sample = page.getByTestId("sample");
  await expect(sample).toContainText("1,234.56");
  await expect(sample).toContainText("UTC");
  await page.getByLabel("1.234,56").check();
  await page.getByLabel("Where I am").check();
  await page.getByLabel("Blue and orange").check();
  await page.getByRole("radio", { name: "Light" }).check();
  await expect(sample).toContainText("1.234,56");
  await expect(sample).toContainText("GMT+9");
  await expect(page.getByTestId("state")).toContainText("since 23:26:08 GMT+9");
  await expect(page.locator("html")).toHaveAttribute("data-colours", "blue");
  expect(await sample.locator(".pos").evaluate((one) => getComputedStyle(one).color)).toBe("rgb(18, 87, 190)");
  await page.getByRole("link", { name: "Overview" }).click();
  await expect(page.getByTestId("net")).toContainText("+4.250,84");
  await expect(page.locator("table.wide th").first()).toHaveText("Time, GMT+9, log");
  await page.reload();
  await expect(page.getByTestId("net")).toContainText("+4.250,84");
  await expectAccessible(page);
  daemon.expectClean();
});

test("says who is logged in, with which role", async ({ page }) => {
  const daemon = new FakeDaemon(page);
  daemon.role = "risk";
  await daemon.start("/settings");
  await expect(page.locator(".who")).toContainText("ana");
  await expect(page.locator(".who")).toContainText("risk");
  daemon.expectClean();
});

for (const width of [1440, 390]) {
  test(`is accessible and fits at ${width}`, async ({ page }) => {
    await page.setViewportSize({ width, height: 900 });
    const daemon = new FakeDaemon(page);
    await daemon.start("/settings");
    await expect(page.getByTestId("sample")).toBeVisible();
    await expectAccessible(page);
    await expectNoSidewaysScroll(page);
    await page.screenshot({ path: `test-results/settings-${width}.png`, fullPage: true });
    daemon.expectClean();
  });
}
