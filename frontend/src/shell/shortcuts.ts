/** Keys without Ctrl, Alt or Meta: off in fields and dialogs, and altogether where a person switched them off. */
import { useLayoutEffect, useRef } from "react";
import { create } from "zustand";

const STORED = "alphapulse-shortcuts";
const OFF = "off";
/** How long the first key of two waits for the second. */
const SEQUENCE_MS = 1500;

interface Setting {
  on: boolean;
  /** Whether the list of keys is open. */
  help: boolean;
}

export const useShortcutSetting = create<Setting>(() => ({
  on: window.localStorage.getItem(STORED) !== OFF,
  help: false,
}));

export function switchShortcuts(on: boolean): void {
  if (on) window.localStorage.removeItem(STORED);
  else window.localStorage.setItem(STORED, OFF);
  useShortcutSetting.setState({ on });
}

export function showHelp(help: boolean): void {
  useShortcutSetting.setState({ help });
}

/** Actions by key, or by two keys one after the other: `{ "g h": …, " ": … }`. */
export function useShortcuts(actions: Readonly<Record<string, () => void>>): void {
  const newest = useRef(actions);
  useLayoutEffect(() => {
    newest.current = actions;
  });
  // Before the page is painted: whoever sees it can press keys.
  useLayoutEffect(() => {
    let first = { key: "", at: 0 };
    const down = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
      if (!useShortcutSetting.getState().on || isTaken(event)) return;
      const recent = event.timeStamp - first.at < SEQUENCE_MS ? first.key : "";
      const action = newest.current[`${recent} ${event.key}`] ?? newest.current[event.key];
      first = { key: event.key, at: event.timeStamp };
      if (action === undefined) return;
      event.preventDefault();
      first = { key: "", at: 0 };
      action();
    };
    window.addEventListener("keydown", down);
    return () => window.removeEventListener("keydown", down);
  }, []);
}

/** Whether the key belongs to what has the focus. */
function isTaken({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  if (target.closest("input, textarea, select, [contenteditable], [role=dialog], [role=slider]") !== null) return true;
  return key === " " && target.closest("button, summary, [role=tree]") !== null;
}
