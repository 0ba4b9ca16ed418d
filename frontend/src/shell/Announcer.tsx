import { useEffect, useState } from "react";

import type { Opportunity } from "../api/types";
import { amountWithUnit } from "../format/amount";
import { shell, stop } from "../messages";
import { stateWord, type StateWord } from "../model/banner";
import { useModel, type Model } from "../model/store";

const alerts: Partial<Record<StateWord, string>> = {
  halted: shell.haltedAnnounced,
  locked: shell.haltedAnnounced,
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

/** The newest trade, at most one each five seconds. What was there when the page opened is no news. */
function useTrades(): string {
  const [text, setText] = useState("");
  useEffect(() => {
    let said = newestTrade(useModel.getState());
    let timer: number | null = null;
    const say = () => {
      const trade = newestTrade(useModel.getState());
      const net = trade?.actual_net ?? trade?.net ?? null;
      if (net !== null && trade?.id !== said?.id) setText(shell.traded(amountWithUnit(net, "exceptZero")));
      said = trade;
      timer = null;
    };
    const stop = useModel.subscribe((model) => {
      const trade = newestTrade(model);
      if (said === undefined) said = trade;
      if (trade?.id !== said?.id) timer ??= window.setTimeout(say, QUIET_MS);
    });
    return () => {
      stop();
      if (timer !== null) window.clearTimeout(timer);
    };
  }, []);
  return text;
}

function newestTrade(model: Model): Opportunity | undefined {
  return model.topics.opportunities?.opportunities.find((one) => one.result === "traded");
}
