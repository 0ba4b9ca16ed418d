import { useState } from "react";
import { Drawer } from "@mantine/core";

import { ActButton } from "../act/ActButton";
import { Problem } from "../act/ActDialog";
import { ask } from "../api/http";
import type { TaskStacks } from "../api/types";
import { clockText } from "../format/time";
import { words } from "../messages";
import { system as texts } from "../messages/acts";
import { serverNow } from "../model/clock";

type Shown = { text: string; at: number } | { problem: string } | "waiting";

/** Where every task stands, for admins: read when asked for, not kept up to date. */
export function Stacks() {
  const [shown, setShown] = useState<Shown | null>(null);
  const open = async () => {
    setShown("waiting");
    const answer = await ask<TaskStacks>("GET", "/tree/stacks").catch(() => null);
    if (answer?.body) setShown({ text: answer.body.text, at: serverNow() });
    else setShown({ problem: answer?.problem ?? words.notReceived });
  };
  return (
    <span className="card-state">
      <ActButton act="inspect" text={texts.stacks} onAct={() => void open()} />
      <Drawer
        opened={shown !== null}
        onClose={() => setShown(null)}
        position="right"
        size="xl"
        title={texts.stacksTitle}
        closeButtonProps={{ "aria-label": words.close }}
        attributes={{ header: { role: "presentation" } }}
      >
        {shown === "waiting" && <p className="quiet">{texts.stacksWait}</p>}
        {shown !== null && shown !== "waiting" && "problem" in shown && <Problem lines={[shown.problem]} />}
        {shown !== null && shown !== "waiting" && "text" in shown && (
          <>
            <p className="meta">{texts.stacksOf(clockText(shown.at, shown.at))}</p>
            <pre className="stacks mono">{shown.text}</pre>
          </>
        )}
      </Drawer>
    </span>
  );
}
