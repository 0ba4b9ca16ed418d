/** The tab: its title and icon tell the state when the page cannot be seen. */
import { amountText } from "../format/amount";
import { words } from "../messages";
import { familyOf, stateWord } from "../model/banner";
import { useModel, type Model } from "../model/store";

export function titleOf(model: Model): string {
  if (model.session === "none" || model.session === "checking") return words.product;
  const parts: string[] = [words.states[stateWord(model)]];
  const { status, pnl } = model.topics;
  if (status !== undefined) parts[status.mode === "live" ? "unshift" : "push"](words.modes[status.mode]);
  const net = pnl?.tokens[0]?.net;
  if (net !== undefined) parts.push(amountText(net, "exceptZero"));
  return [...parts, words.product].join(" \u00b7 ");
}

function show(model: Model): void {
  const title = titleOf(model);
  if (document.title !== title) document.title = title;
  const icon = document.getElementById("favicon");
  const href = `/icons/${familyOf(stateWord(model))}.svg`;
  if (icon?.getAttribute("href") !== href) icon?.setAttribute("href", href);
}

/** Follows the model outside React and outside frames, so it stays true in a hidden tab. */
export function startPresence(): void {
  show(useModel.getState());
  useModel.subscribe(show);
}
