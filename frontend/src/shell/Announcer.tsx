import { useEffect, useState } from "react";

import { amountWithUnit } from "../format/amount";
import { shell, stop } from "../messages";
import { stateWord, type StateWord } from "../model/banner";
import { useModel } from "../model/store";

const alerts: Partial<Record<StateWord, string>> = {
  halted: shell.haltedAnnounced,
  unknown: shell.unknownAnnounced,
  stopping: stop.takesEffect,
};

const QUIET_MS = 5000;

/** What screen readers are told: changes of state at once, trades politely. Prices and ages never. */
export function Announcer() {
  const word = useModel(stateWord);
  const connecting = useModel((model) => model.link.phase === "connecting");
  const polite = useTrades();
  return (
    <>
      <div className="unseen" role="alert">
        {connecting ? "" : (alerts[word] ?? "")}
      </div>
      <div className="unseen" role="status">
        {polite}
      </div>
    </>
  );
}

/** The newest trade, at most one each five seconds. */
function useTrades(): string {
  const newest = useModel((model) => model.topics.opportunities?.opportunities.find((one) => one.result === "traded"));
  const [said, setSaid] = useState<{ id: string | undefined; text: string; at: number } | null>(null);
  useEffect(() => {
    if (newest === undefined || newest.id === said?.id) return;
    const net = newest.actual_net ?? newest.net;
    if (said === null) {
      setSaid({ id: newest.id, text: "", at: 0 }); // what was there when the page opened is no news
      return;
    }
    const wait = Math.max(0, QUIET_MS - (performance.now() - said.at));
    const timer = window.setTimeout(() => {
      const text = net === null ? "" : shell.traded(amountWithUnit(net, "exceptZero"));
      setSaid({ id: newest.id, text, at: performance.now() });
    }, wait);
    return () => window.clearTimeout(timer);
  }, [newest, said]);
  return said?.text ?? "";
}
