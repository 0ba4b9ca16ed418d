import { IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";

import type { Trade, Trades, TransactionView } from "../api/types";
import { Answered } from "../cards/Answered";
import { Card, Missing } from "../cards/Card";
import { Command } from "../cards/Command";
import { Condition } from "../cards/Condition";
import { DataTable, type Column } from "../cards/DataTable";
import { Plain } from "../cards/Figures";
import { Moment } from "../cards/Moment";
import { useReading } from "../cards/useReading";
import { execution as texts } from "../messages/execution";
import { briefly, coinOf, instantOf, shortHash, symbolText } from "./figures";
import { Pager } from "./Pager";
import { Quantity } from "./Quantity";
import { asNow, standingOf, whyOf } from "./standing";

const REFRESH_MS = 2000;
const SHOWN = 25;

interface Props {
  told: TransactionView[] | undefined;
  onOpen: (id: string) => void;
}

/** Trades, on paper or not, newest first: expected beside actual, what they paid, and why they failed. */
export function TradesCard({ told, onOpen }: Props) {
  const [before, setBefore] = useState<string | null>(null);
  const older = before === null ? "" : `&before=${encodeURIComponent(before)}`;
  const reading = useReading<Trades>(`/trades?limit=${SHOWN}${older}`, before === null ? REFRESH_MS : undefined);
  return (
    <Card title={texts.trades}>
      <Answered reading={reading} failed={texts.failed}>
        {({ trades }) =>
          trades.length === 0 ? (
            <p className="quiet">{texts.noTrades}</p>
          ) : (
            <DataTable label={texts.trades} columns={columnsOf(told, onOpen)} rows={trades} keyOf={({ intent }) => intent.id} />
          )
        }
      </Answered>
      <Pager isFirst={before === null} older={reading.body?.older ?? null} onGo={setBefore} />
    </Card>
  );
}

function columnsOf(told: TransactionView[] | undefined, onOpen: (id: string) => void): Column<Trade>[] {
  const newestOf = (trade: Trade) => asNow(trade.transactions, told)[0];
  return [
    {
      head: texts.trade,
      cell: ({ intent: { id, mode } }) => (
        <>
          <button type="button" className="link row-name" aria-label={texts.showTrade(id)} onClick={() => onOpen(id)}>
            {id}
          </button>{" "}
          <span className="log">{texts.modes[mode]}</span>
        </>
      ),
    },
    { head: texts.made, cell: ({ intent }) => <Moment instant={instantOf(intent.created_ns)} short /> },
    {
      head: texts.state,
      cell: (trade) => <Condition {...standingOf(trade, newestOf(trade))} />,
    },
    {
      head: texts.hash,
      cell: (trade) => {
        const newest = newestOf(trade);
        if (newest !== undefined) return <Command text={newest.hash} short={shortHash(newest.hash)} />;
        return <Missing cause={trade.intent.mode === "paper" ? texts.noHash : texts.notSent} />;
      },
    },
    { head: texts.path, wraps: true, cell: (trade) => <Path trade={trade} /> },
    {
      head: texts.expected,
      right: true,
      cell: ({ expected_net: net, intent: { token } }) => <Quantity raw={net} unit={token} as="plain profit" />,
    },
    { head: texts.actual, right: true, cell: (trade) => <Actual trade={trade} /> },
    { head: texts.gasPaid, right: true, cell: (trade) => <Gas trade={trade} /> },
    { head: texts.reason, wraps: true, whole: true, cell: (trade) => <Why trade={trade} /> },
  ];
}

/** Tokens with the pools between them. */
function Path({ trade: { legs, intent } }: { trade: Trade }) {
  return (
    <span className="hop-line">
      {symbolText({ symbol: legs[0]?.symbol_in ?? intent.token.symbol })}
      {legs.map((leg, index) => (
        <span key={`${index} ${leg.pool}`} title={`${leg.pool_name} ${leg.pool}`}>
          <IconChevronRight size={11} aria-hidden="true" />
          {symbolText({ symbol: leg.symbol_out })} <span className="log">{leg.pool_name}</span>
        </span>
      ))}
    </span>
  );
}

function Actual({ trade: { actual_net: net, intent } }: { trade: Trade }) {
  if (net === null) return <Missing cause={texts.notEnded} />;
  return <Quantity raw={net} unit={intent.token} as="profit" />;
}

function Gas({ trade: { gas, intent } }: { trade: Trade }) {
  if (gas.wei === null) return <Missing cause={texts.noGas} />;
  return (
    <>
      <Plain amount={coinOf(gas.wei, intent.coin)} /> {intent.coin}
    </>
  );
}

function Why({ trade }: { trade: Trade }) {
  const { cause, text } = whyOf(trade);
  if (cause === null && text === "") return <Missing cause={texts.noWords} />;
  return (
    <span title={text}>
      {cause !== null && <b>{cause}. </b>}
      {briefly(text)}
    </span>
  );
}
