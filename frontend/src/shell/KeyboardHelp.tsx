import { Modal } from "@mantine/core";
import { useLocation } from "wouter";

import { keyboard as texts, words } from "../messages";
import { PAGES } from "../pages";
import { showHelp, switchShortcuts, useShortcuts, useShortcutSetting } from "./shortcuts";

/** The keys of every page, and the list of them. */
export function KeyboardHelp() {
  const { on, help } = useShortcutSetting();
  const [, navigate] = useLocation();
  useShortcuts({
    "?": () => showHelp(true),
    ...Object.fromEntries(PAGES.map(({ path, keys }) => [keys, () => navigate(path)])),
  });
  const rows: [keys: string, does: string][] = [
    [texts.stopKeys, texts.stop],
    ...PAGES.map(({ keys, label }): [string, string] => [keys, texts.goTo(label)]),
    ...texts.firehose,
    ["?", texts.help],
  ];
  return (
    <Modal
      opened={help}
      onClose={() => showHelp(false)}
      title={texts.title}
      centered
      closeButtonProps={{ "aria-label": words.close }}
      attributes={{ header: { role: "presentation" } }}
    >
      <dl className="keys">
        {rows.map(([keys, does]) => (
          <div key={keys}>
            <dt>
              {keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label className="switch">
        <input type="checkbox" checked={on} onChange={(event) => switchShortcuts(event.currentTarget.checked)} />
        {texts.switch}
      </label>
    </Modal>
  );
}
