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
import { isOpen } from "./standing";
import { TransactionTable } from "./TransactionTable";

const REFRESH_MS = 5000;

type Choice = keyof typeof texts.choices;
const CHOICES: readonly Choice[] = ["open", "ended"];

interface Props {
  /** What the socket tells; undefined until it has told something. */
  told: TransactionView[] | undefined;
  onTrade: (id: string) => void;
}

/** What is on its way, live, with what an operator may do about it; and what has ended, page by page. */
export function TransactionsCard({ told, onTrade }: Props) {
  const [choice, setChoice] = useState<Choice>("open");
  const [asked, setAsked] = useState<Replacement | null>(null);
  const open = told?.filter(isOpen);
  return (
    <Card title={choice === "open" ? texts.open : texts.sent}>
      <fieldset className="stages">
        <legend className="unseen">{texts.show}</legend>
        {CHOICES.map((one) => (
          <label key={one} data-chosen={one === choice || undefined}>
            <input type="radio" name="transactions" value={one} checked={one === choice} onChange={() => setChoice(one)} />
            {texts.choices[one]}
            {one === "open" && open !== undefined && <b>{countText(open.length)}</b>}
          </label>
        ))}
      </fieldset>
      {choice === "open" ? <Open rows={open} onTrade={onTrade} onAsk={setAsked} /> : <Ended onTrade={onTrade} />}
      {asked !== null && <ReplaceDialog asked={asked} onClose={() => setAsked(null)} />}
    </Card>
  );
}

interface OpenProps {
  rows: TransactionView[] | undefined;
  onTrade: (id: string) => void;
  onAsk: (asked: Replacement) => void;
}

function Open({ rows, onTrade, onAsk }: OpenProps) {
  const paper = useModel((model) => model.topics.status?.mode === "paper");
  if (rows === undefined) return <NotReceived />;
  if (rows.length === 0) {
    return (
      <p className="quiet">
        {texts.nothingOpen} {paper && texts.paperOpen}
      </p>
    );
  }
  return (
    <>
      <TransactionTable label={texts.open} rows={rows} onTrade={onTrade} onAsk={onAsk} />
      <Refused act="transact" />
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
            <p className="quiet">{texts.nothingEnded}</p>
          ) : (
            <TransactionTable label={texts.sent} rows={transactions} onTrade={onTrade} />
          )
        }
      </Answered>
      <Pager isFirst={before === null} older={reading.body?.older ?? null} onGo={setBefore} />
    </>
  );
}
