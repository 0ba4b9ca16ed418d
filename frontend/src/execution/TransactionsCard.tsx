import { useState } from "react";

import { Refused } from "../act/ActButton";
import type { Transactions, TransactionView } from "../api/types";
import { Answered } from "../cards/Answered";
import { Card, NotReceived } from "../cards/Card";
import { useReading } from "../cards/useReading";
import { countText } from "../format/amount";
import { execution as texts } from "../messages/execution";
import { useModel } from "../model/store";
import { Pager } from "./Pager";
import { ReplaceDialog, type Replacement } from "./ReplaceDialog";
import { stageOf } from "./standing";
import { TransactionTable } from "./TransactionTable";

const REFRESH_MS = 5000;

type Choice = ReturnType<typeof stageOf>;
const CHOICES: readonly Choice[] = ["waiting", "mined", "ended"];

interface Props {
  /** What the socket tells; undefined until it has told something. */
  told: TransactionView[] | undefined;
  onTrade: (id: string) => void;
}

/** What is open, live, with what an operator may do about it while it is in no block; and what has ended, page by page. */
export function TransactionsCard({ told, onTrade }: Props) {
  const [choice, setChoice] = useState<Choice>("waiting");
  const [asked, setAsked] = useState<Replacement | null>(null);
  const of = (stage: Choice) => told?.filter((one) => stageOf(one) === stage);
  return (
    <Card title={texts.sent}>
      <fieldset className="stages">
        <legend className="unseen">{texts.show}</legend>
        {CHOICES.map((one) => (
          <label key={one} data-chosen={one === choice || undefined}>
            <input type="radio" name="transactions" value={one} checked={one === choice} onChange={() => setChoice(one)} />
            {texts.choices[one]}
            {one !== "ended" && told !== undefined && <b>{countText(of(one)?.length ?? 0)}</b>}
          </label>
        ))}
      </fieldset>
      {choice === "ended" ? (
        <Ended onTrade={onTrade} />
      ) : (
        <Open choice={choice} rows={of(choice)} onTrade={onTrade} onAsk={choice === "waiting" ? setAsked : undefined} />
      )}
      {asked !== null && <ReplaceDialog asked={asked} onClose={() => setAsked(null)} />}
    </Card>
  );
}

interface OpenProps {
  choice: "waiting" | "mined";
  rows: TransactionView[] | undefined;
  onTrade: (id: string) => void;
  onAsk: ((asked: Replacement) => void) | undefined;
}

function Open({ choice, rows, onTrade, onAsk }: OpenProps) {
  const paper = useModel((model) => model.topics.status?.mode === "paper");
  if (rows === undefined) return <NotReceived />;
  if (rows.length === 0) {
    return (
      <p className="quiet">
        {texts.nothing[choice]} {paper && texts.paperOpen}
      </p>
    );
  }
  return (
    <>
      <TransactionTable label={texts.choices[choice]} rows={rows} onTrade={onTrade} onAsk={onAsk} />
      {onAsk !== undefined && <Refused act="transact" />}
    </>
  );
}

function Ended({ onTrade }: { onTrade: (id: string) => void }) {
  const [before, setBefore] = useState<string | null>(null);
  const older = before === null ? "" : `&before=${encodeURIComponent(before)}`;
  const reading = useReading<Transactions>(`/transactions?open=false&limit=25${older}`, before === null ? REFRESH_MS : undefined);
  return (
    <>
      <Answered reading={reading} failed={texts.failed}>
        {({ transactions }) =>
          transactions.length === 0 ? (
            <p className="quiet">{texts.nothing.ended}</p>
          ) : (
            <TransactionTable label={texts.choices.ended} rows={transactions} onTrade={onTrade} />
          )
        }
      </Answered>
      <Pager isFirst={before === null} older={reading.body?.older ?? null} onGo={setBefore} />
    </>
  );
}
