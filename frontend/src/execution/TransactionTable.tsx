import { ActButton } from "../act/ActButton";
import type { TransactionView } from "../api/types";
import { Missing } from "../cards/Card";
import { Command } from "../cards/Command";
import { Condition } from "../cards/Condition";
import { DataTable, type Column } from "../cards/DataTable";
import { Moment } from "../cards/Moment";
import { countText, integerText } from "../format/amount";
import { execution as texts } from "../messages/execution";
import { briefly, gweiText, instantOf, shortHash } from "./figures";
import type { Replacement } from "./ReplaceDialog";
import { stateTone } from "./standing";

interface Props {
  label: string;
  rows: TransactionView[];
  onTrade: (id: string) => void;
  /** Where something may be done about them. */
  onAsk?: ((asked: Replacement) => void) | undefined;
}

/** Transactions as they stand. */
export function TransactionTable({ label, rows, onTrade, onAsk }: Props) {
  const columns: Column<TransactionView>[] = [
    { head: texts.hash, cell: ({ hash }) => <Command text={hash} short={shortHash(hash)} /> },
    { head: texts.wallet, cell: (one) => <span title={one.wallet}>{one.wallet_name}</span> },
    { head: texts.number, right: true, cell: ({ nonce }) => integerText(`${nonce}`) },
    { head: texts.purpose, cell: (one) => <For one={one} onTrade={onTrade} /> },
    { head: texts.state, cell: (one) => <State one={one} /> },
    { head: texts.fees, right: true, cell: (one) => <Fees one={one} /> },
    {
      head: texts.until,
      right: true,
      cell: ({ deadline_block: block }) => (block === null ? <Missing cause={texts.noDeadline} /> : countText(block)),
    },
    { head: texts.sends, cell: ({ sends }) => (sends === 0 ? texts.never : texts.times(sends)) },
    { head: texts.signed, cell: (one) => <Moment instant={instantOf(one.signed_ns)} /> },
    { head: texts.text, wraps: true, whole: true, cell: ({ text }) => <span title={text}>{briefly(text)}</span> },
  ];
  if (onAsk !== undefined) columns.push(actions(onAsk));
  return <DataTable label={label} columns={columns} rows={rows} keyOf={({ hash }) => hash} toneOf={toneOf} />;
}

function toneOf({ state }: TransactionView): string | undefined {
  return state === "unknown" ? "bad" : undefined;
}

/** The state, and the block if there is one. */
export function State({ one }: { one: TransactionView }) {
  return (
    <span className="standing" title={texts.meanings[one.state]}>
      <Condition tone={stateTone(one.state)} word={texts.states[one.state]} />
      {one.block_number !== null && <span className="log">{texts.block(countText(one.block_number))}</span>}
    </span>
  );
}

function For({ one, onTrade }: { one: TransactionView; onTrade: (id: string) => void }) {
  const { intent_id: id } = one;
  return (
    <>
      {texts.purposes[one.purpose]}{" "}
      {id !== null && (
        <button type="button" className="link" aria-label={texts.showTrade(id)} onClick={() => onTrade(id)}>
          {id}
        </button>
      )}
    </>
  );
}

function Fees({ one }: { one: TransactionView }) {
  return <span title={texts.wei(one.tip_wei, one.cap_wei)}>{texts.feesOf(gweiText(one.tip_wei), gweiText(one.cap_wei))}</span>;
}

function actions(onAsk: (asked: Replacement) => void): Column<TransactionView> {
  return {
    head: texts.actions,
    whole: true,
    right: true,
    cell: (one) => (
      <span className="buttons">
        <ActButton act="transact" text={texts.bump} name={texts.bumpNamed(shortHash(one.hash))} onAct={() => onAsk({ act: "bump", one })} />
        <ActButton act="transact" text={texts.cancel} name={texts.cancelNamed(shortHash(one.hash))} onAct={() => onAsk({ act: "cancel", one })} />
      </span>
    ),
  };
}
