/** What a hand does in one go: the page may be busy meanwhile, the hand does not wait for it. */
import type { Page } from "@playwright/test";

/** Longer than the stop button wants. */
export const HOLD_MS = 1200;
const TOO_SHORT_MS = 100;

/** Keys one right after the other: each has the time at which it was pressed, not the time at which the page got to it. */
export async function pressInTurn(page: Page, ...keys: string[]): Promise<void> {
  await Promise.all(keys.map((key) => page.keyboard.press(key)));
}

/** Hold the stop button until it has fired; counted from when the page knows that it is held. */
export async function hold(page: Page): Promise<void> {
  await page.locator("button.stop").hover();
  await page.mouse.down();
  await page.waitForTimeout(HOLD_MS);
  await page.mouse.up();
}

/** Let go of the stop button early, also where the page has not yet noticed that it was held. */
export async function holdTooShortly(page: Page): Promise<void> {
  await page.locator("button.stop").hover();
  const down = page.mouse.down();
  await new Promise((resolve) => setTimeout(resolve, TOO_SHORT_MS));
  await Promise.all([down, page.mouse.up()]);
}
