import type { Amount, Positions } from "../api/types";
import { amountExact, amountText, amountWithUnit, percentText, shareOf } from "../format/amount";
import { durationText, millis } from "../format/time";
import { positions as texts } from "../messages";
import { useSecond } from "../model/second";
import { useModel } from "../model/store";
import { Card, NotReceived } from "./Card";
import { Plain } from "./Figures";

export function PositionsCard() {
  const positions = useModel((model) => model.topics.positions);
  return (
    <Card title={texts.title} className="positions">
      {positions === undefined ? <NotReceived /> : <Known positions={positions} />}
    </Card>
  );
}

function Known({ positions }: { positions: Positions }) {
  const { open, holdings, exposure, largest, limit } = positions;
  const unit = exposure[0]?.symbol ?? null;
  return (
    <>
      {open.length === 0 ? (
        <p className="nothing">
          <b>{texts.nothing}</b> <span>{texts.nothingText}</span>
        </p>
      ) : (
        <OpenTrades positions={positions} />
      )}
      <dl className="exposure">
        <div>
          <dt>{texts.exposure}</dt>
          <dd>
            <Sums amounts={exposure} none="0" />
          </dd>
        </div>
        <div>
          <dt>{texts.largest}</dt>
          <dd>
            <Sums amounts={largest} none="0" unit={unit} />
          </dd>
        </div>
        <div>
          <dt>{texts.limit}</dt>
          <dd>{limit === null ? <span className="quiet">{texts.noLimit}</span> : <Sums amounts={[limit]} none="" unit={unit} />}</dd>
        </div>
      </dl>
      {limit !== null && <Meter exposure={exposure} limit={limit} />}
      {holdings.length > 0 && (
        <table className="small-table">
          <thead>
            <tr>
              <th scope="col">{texts.holdings}</th>
              <th scope="col" className="right">
                {texts.amount}
              </th>
            </tr>
          </thead>
          <tbody>
            {holdings.map(({ strategy, amount }) => (
              <tr key={`${strategy} ${amount.token}`}>
                <td>{strategy}</td>
                <td className="right">
                  <Plain amount={amount} /> {amount.symbol}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

/** `unit`: the one that stands beside already and is left out. */
function Sums({ amounts, none, unit = null }: { amounts: Amount[]; none: string; unit?: string | null }) {
  if (amounts.length === 0) return <span className="quiet">{none}</span>;
  return amounts.map((amount) => (
    <span key={amount.token} className="sum" title={amountExact(amount)}>
      {amount.symbol === unit ? amountText(amount) : amountWithUnit(amount)}
    </span>
  ));
}

function Meter({ exposure, limit }: { exposure: Amount[]; limit: Amount }) {
  const part = exposure.find((amount) => amount.token === limit.token);
  const share = part === undefined ? 0n : shareOf(part, limit);
  if (share === null) return null;
  const percent = percentText(share);
  return (
    <div className="meter" role="img" aria-label={texts.share(percent)} title={texts.share(percent)}>
      <i style={{ width: percent }} data-high={share > 800_000n || undefined} />
    </div>
  );
}

function OpenTrades({ positions }: { positions: Positions }) {
  const now = useSecond();
  const clock = useModel((model) => model.topics.status?.clock ?? null);
  const market = clock === null ? now : millis(clock);
  return (
    <table className="small-table">
      <thead>
        <tr>
          <th scope="col">{texts.strategy}</th>
          <th scope="col" className="right">
            {texts.size}
          </th>
          <th scope="col">{texts.state}</th>
          <th scope="col" className="right">
            {texts.age}
          </th>
        </tr>
      </thead>
      <tbody>
        {positions.open.map((trade) => (
          <tr key={trade.intent_id}>
            <td>{trade.strategy}</td>
            <td className="right">
              <Plain amount={trade.size} /> {trade.size.symbol}
            </td>
            <td>{trade.state}</td>
            <td className="right">{durationText(market - millis(trade.since))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
