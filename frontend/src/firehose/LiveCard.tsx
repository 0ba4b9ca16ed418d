import { memo, useRef, type ReactNode } from "react";
import { Button, NativeSelect } from "@mantine/core";
import { IconPlayerPauseFilled, IconPlayerPlayFilled } from "@tabler/icons-react";

import { Card } from "../cards/Card";
import { countText } from "../format/amount";
import { millisOfNanos } from "../format/time";
import { firehose as texts } from "../messages";
import { isUnknown } from "../model/banner";
import { clearFrames, useFirehose, type SeenFrame } from "../model/firehose";
import { useModel } from "../model/store";
import { useShortcuts } from "../shell/shortcuts";
import { DOMAINS, isFiltered, matching, SOURCES, TYPES, useFilters, type FilterName, type Filters } from "./filters";
import { headerText, inspected, typesOf } from "./inspected";
import { useFrozen } from "./frozen";
import { ChecksumVerdict } from "./Verdict";

/** More rows than anybody reads; filters look at all that are kept. */
const SHOWN = 100;

interface Props {
  chosen: SeenFrame | null;
  onChoose: (frame: SeenFrame) => void;
}

export function LiveCard({ chosen, onChoose }: Props) {
  const { received, skipped } = useFirehose();
  const { frames, newer, paused, toggle, hold, release } = useFrozen();
  const [filters, setFilter, clearFilters] = useFilters();
  const region = useRef<HTMLDivElement>(null);
  const found = matching(frames, filters).toReversed();
  const shown = found.slice(0, SHOWN);
  const step = (by: 1 | -1) => {
    const index = shown.findIndex((frame) => frame.id === chosen?.id);
    const next = shown[index < 0 ? 0 : Math.min(Math.max(index + by, 0), shown.length - 1)];
    if (next === undefined) return;
    hold();
    onChoose(next);
    region.current?.querySelector(`[data-id="${next.id}"]`)?.scrollIntoView({ block: "nearest" });
  };
  useShortcuts({ " ": toggle, j: () => step(1), k: () => step(-1) });
  const goOn = () => {
    region.current?.scrollTo({ top: 0 });
    if (paused) toggle();
    release();
  };
  const counts = texts.counts(countText(received), countText(skipped));
  return (
    <Card title={texts.live} meta={<span title={texts.countsWhy}>{counts}</span>} className="live">
      <div className="live-tools">
        <Select name="domain" filters={filters} onChange={setFilter} options={DOMAINS.map(option)} />
        <Select
          name="type"
          filters={filters}
          onChange={setFilter}
          options={TYPES.filter(({ domain }) => filters.domain === "" || filters.domain === domain).map(
            ({ domain, types }) => (
              <optgroup key={domain} label={readable(domain)}>
                {types.map((type) => (
                  <option key={type}>{type}</option>
                ))}
              </optgroup>
            ),
          )}
        />
        <Select name="source" filters={filters} onChange={setFilter} options={SOURCES.map(option)} />
        <span className="live-buttons">
          <Button
            variant="default"
            onClick={toggle}
            leftSection={paused ? <IconPlayerPlayFilled size={13} /> : <IconPlayerPauseFilled size={13} />}
          >
            {paused ? texts.go : texts.pause}
          </Button>
          <Button
            variant="default"
            onClick={() => {
              clearFrames();
              goOn();
            }}
          >
            {texts.clear}
          </Button>
        </span>
      </div>
      <div
        ref={region}
        className="live-list"
        role="region"
        aria-label={texts.list}
        onPointerEnter={hold}
        onPointerLeave={(event) => event.currentTarget.scrollTop === 0 && release()}
        onScroll={(event) => event.currentTarget.scrollTop > 0 && hold()}
      >
        {(paused || newer > 0) && (
          <button type="button" className="newer" onClick={goOn}>
            {paused ? (newer > 0 ? texts.pausedNewer(countText(newer)) : texts.paused) : texts.newer(countText(newer))}
          </button>
        )}
        {shown.length === 0 ? (
          <Empty filtered={isFiltered(filters) && frames.length > 0} onClear={clearFilters} />
        ) : (
          <table>
            <thead>
              <tr>
                <th scope="col">{texts.time}</th>
                <th scope="col">{texts.kind}</th>
                <th scope="col" className="relay">
                  {texts.relay}
                </th>
                <th scope="col" className="right">
                  {texts.bytes}
                </th>
                <th scope="col" className="right">
                  <span className="unseen">{texts.checksum}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((frame) => (
                <FrameRow key={frame.id} frame={frame} chosen={frame.id === chosen?.id} onChoose={onChoose} />
              ))}
            </tbody>
          </table>
        )}
        {found.length > shown.length && (
          <p className="meta">{texts.shownOf(countText(shown.length), countText(found.length))}</p>
        )}
      </div>
    </Card>
  );
}

interface SelectProps {
  name: FilterName;
  filters: Filters;
  onChange: (name: FilterName, value: string) => void;
  options: ReactNode;
}

function Select({ name, filters, onChange, options }: SelectProps) {
  return (
    <NativeSelect
      aria-label={texts[name]}
      value={filters[name]}
      onChange={(event) => onChange(name, event.currentTarget.value)}
    >
      <option value="">{texts.all[name]}</option>
      {options}
    </NativeSelect>
  );
}

function option(name: string): ReactNode {
  return (
    <option key={name} value={name}>
      {readable(name)}
    </option>
  );
}

/** "Market data" for MARKET_DATA. */
function readable(name: string): string {
  return name.charAt(0) + name.slice(1).toLowerCase().replaceAll("_", " ");
}

function Empty({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  const unknown = useModel(isUnknown);
  if (!filtered) return <p className="quiet">{unknown ? texts.notConnected : texts.waiting}</p>;
  return (
    <p className="quiet">
      {texts.noMatch}{" "}
      <button type="button" className="link" onClick={onClear}>
        {texts.clearFilters}
      </button>
    </p>
  );
}

interface RowProps {
  frame: SeenFrame;
  chosen: boolean;
  onChoose: (frame: SeenFrame) => void;
}

const FrameRow = memo(function FrameRow({ frame, chosen, onChoose }: RowProps) {
  const { data, view } = inspected(frame);
  const [first = texts.noTlv, ...others] = typesOf(view);
  return (
    // The button is the keyboard's way; a click anywhere in the row is the pointer's.
    <tr data-id={frame.id} data-chosen={chosen || undefined} onClick={() => onChoose(frame)}>
      <td>
        <button
          type="button"
          className="row-button"
          aria-pressed={chosen}
          onPointerDown={(event) => event.preventDefault()}
        >
          {new Date(millisOfNanos(frame.received_ns)).toISOString().slice(11, 23)}
        </button>
      </td>
      <td className="strong">
        {first}
        {others.length > 0 && <span className="log"> {texts.more(others.length)}</span>}
      </td>
      <td className="relay" title={readable(headerText(view, "source"))}>
        {readable(headerText(view, "domain"))}
      </td>
      <td className="right">{countText(data.length)}</td>
      <td className="right">
        <ChecksumVerdict checksum={view.checksum} short />
      </td>
    </tr>
  );
});
