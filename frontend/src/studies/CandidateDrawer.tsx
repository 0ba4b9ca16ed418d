import { Drawer } from "@mantine/core";

import type { Amount, CandidateView } from "../api/types";
import { Missing } from "../cards/Card";
import { Command } from "../cards/Command";
import { amountExact, countText, feeText, MINUS, negated } from "../format/amount";
import { dateAndTime, localText, millis } from "../format/time";
import { details, price, words } from "../messages";
import { studies as texts } from "../messages/studies";

/** Every digit of one gap that was not traded, hop by hop. */
export function CandidateDrawer({ row, onClose }: { row: CandidateView | null; onClose: () => void }) {
  return (
    <Drawer
      opened={row !== null}
      onClose={onClose}
      position="right"
      size={460}
      title={row === null ? "" : texts.details(row.id)}
      closeButtonProps={{ "aria-label": words.close }}
      attributes={{ header: { role: "presentation" } }}
    >
      {row !== null && <Details row={row} />}
    </Drawer>
  );
}

function Details({ row }: { row: CandidateView }) {
  const ms = millis(row.time);
  return (
    <div className="details">
      <p>
        <b>{texts.stages[row.stage]}</b>: {row.reason}
      </p>
      <dl>
        <div>
          <dt>{texts.when}</dt>
          <dd>
            <time dateTime={row.time.iso} title={localText(ms)}>
              {dateAndTime(ms)}
            </time>
          </dd>
        </div>
        <div>
          <dt>{texts.at}</dt>
          <dd>{texts.log(countText(row.block), row.log_index)}</dd>
        </div>
        <div>
          <dt>{details.gap}</dt>
          <dd>{price.bps(row.gap_bps)}</dd>
        </div>
      </dl>
      <h3>{texts.path}</h3>
      <ol className="hops">
        {row.hops.map((hop, index) => (
          <li key={`${index} ${hop.pool}`}>
            <b>{hop.name}</b> {details.fee(hop.fee_ppm === null ? texts.dynamic : feeText(hop.fee_ppm))},{" "}
            {texts.hop(hop.sold.symbol, hop.bought.symbol)}
            <Command text={hop.pool} />
          </li>
        ))}
      </ol>
      <h3>{texts.sums}</h3>
      <dl>
        <Sum name={texts.size} amount={row.size} />
        <Sum name={texts.gross} amount={row.gross} />
        <Sum name={texts.poolFees} amount={row.pool_fees && negated(row.pool_fees)} />
        <Sum name={texts.flashFee} amount={row.flash_fee && negated(row.flash_fee)} />
        <Sum name={texts.gas} amount={row.gas && negated(row.gas)} />
        <Sum name={texts.net} amount={row.net} total />
      </dl>
      {row.limits.length > 0 && (
        <>
          <h3>{texts.compared}</h3>
          <dl>
            {row.limits.map(({ name, value, limit, unit }) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{texts.against(`${value} ${unit}`, limit === null ? texts.noLimit : `${limit} ${unit}`)}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </div>
  );
}

function Sum({ name, amount, total = false }: { name: string; amount: Amount | null; total?: boolean }) {
  return (
    <div className={total ? "total" : ""}>
      <dt>{name}</dt>
      <dd>{amount === null ? <Missing cause={texts.notReached} /> : amountExact(amount).replace("-", MINUS)}</dd>
    </div>
  );
}
