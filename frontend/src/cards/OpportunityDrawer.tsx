import type { ReactNode } from "react";
import { Drawer } from "@mantine/core";

import type { Amount, Opportunity } from "../api/types";
import { amountExact, countText, feeText, negated } from "../format/amount";
import { dateAndTime, localText, millis } from "../format/time";
import { details as texts, opportunities as listTexts, price, words } from "../messages";
import { useModel } from "../model/store";
import { Missing } from "./Card";
import { Command } from "./Command";
import { checkNumbers } from "./reasons";
import { Result } from "./results";

interface Props {
  id: string | null;
  onClose: () => void;
}

/** Every digit of one opportunity. */
export function OpportunityDrawer({ id, onClose }: Props) {
  const row = useModel((model) => model.topics.opportunities?.opportunities.find((one) => one.id === id));
  return <DetailsDrawer id={id} row={row} onClose={onClose} />;
}

/** The same of an opportunity that somebody else has read. */
export function DetailsDrawer({ id, row, onClose }: Props & { row: Opportunity | undefined }) {
  return (
    <Drawer
      opened={id !== null}
      onClose={onClose}
      position="right"
      size={460}
      title={id === null ? "" : texts.title(id)}
      closeButtonProps={{ "aria-label": words.close }}
      attributes={{ header: { role: "presentation" } }}
    >
      {row === undefined ? <p className="quiet">{texts.gone}</p> : <Details row={row} />}
    </Drawer>
  );
}

function Details({ row }: { row: Opportunity }) {
  const ms = millis(row.time);
  const { value, limit } = checkNumbers(row);
  return (
    <div className="details">
      <Result result={row.result} />
      <dl>
        <Fact name={texts.when}>
          <time dateTime={row.time.iso} title={localText(ms)}>
            {dateAndTime(ms)}
          </time>
        </Fact>
        <Fact name={texts.at}>{texts.log(countText(row.block), row.log_index)}</Fact>
        <Fact name={texts.strategy}>{row.strategy}</Fact>
        <Fact name={texts.gap}>{price.bps(row.gap_bps)}</Fact>
      </dl>
      <h3>{texts.path}</h3>
      <ol className="hops">
        {row.path.map((pool, index) => (
          <li key={`${index} ${pool.address}`}>
            <b>{pool.name}</b> {texts.fee(feeText(pool.fee_ppm))}
            <Command text={pool.address} />
          </li>
        ))}
      </ol>
      <h3>{texts.sums}</h3>
      <dl>
        <Sum name={texts.size} amount={row.size} />
        <Sum name={texts.gross} amount={row.gross} />
        <Sum name={texts.poolFees} amount={negated(row.pool_fees)} />
        <Sum name={texts.flashFee} amount={negated(row.flash_fee)} />
        <Sum name={texts.gas} amount={row.gas === null ? null : negated(row.gas)} cause={listTexts.noGas} />
        <Sum name={texts.net} amount={row.net} cause={listTexts.noNet} total />
        {row.actual_net !== null && <Sum name={texts.actual} amount={row.actual_net} total />}
      </dl>
      <h3>{texts.check}</h3>
      {row.reason === null ? (
        <p className="quiet">{texts.noCheck}</p>
      ) : (
        <dl>
          <Fact name={texts.result}>{row.reason.text}</Fact>
          <Fact name={texts.code}>
            <code>{row.reason.code}</code>
          </Fact>
          {value !== null && <Fact name={texts.value}>{value}</Fact>}
          {limit !== null && <Fact name={texts.limit}>{limit}</Fact>}
        </dl>
      )}
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface SumProps {
  name: string;
  amount: Amount | null;
  cause?: string;
  total?: boolean;
}

function Sum({ name, amount, cause = "", total = false }: SumProps) {
  return (
    <div className={total ? "total" : ""}>
      <dt>{name}</dt>
      <dd>{amount === null ? <Missing cause={cause} /> : amountExact(amount).replace("-", "\u2212")}</dd>
    </div>
  );
}
