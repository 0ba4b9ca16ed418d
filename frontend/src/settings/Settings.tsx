import "../styles/pages.css";

import type { ReactNode } from "react";
import { useMantineColorScheme, type MantineColorScheme } from "@mantine/core";

import { Card } from "../cards/Card";
import { Facts } from "../cards/Facts";
import { Moment } from "../cards/Moment";
import { decimal, MINUS } from "../format/amount";
import { dateAndTime } from "../format/time";
import { pages } from "../messages";
import { settings as texts } from "../messages/acts";
import { CHOICES, choose, useDisplay } from "../model/display";
import { useSecond } from "../model/second";
import { useModel } from "../model/store";
import { switchShortcuts, useShortcutSetting } from "../shell/shortcuts";

const SCHEMES: MantineColorScheme[] = ["auto", "dark", "light"];

/** How this browser shows things, and who is logged in. Nothing of the daemon is changed here. */
export default function Settings() {
  const display = useDisplay();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { on } = useShortcutSetting();
  const now = useSecond();
  return (
    <>
      <h1 className="page-title">{pages.settings}</h1>
      <div className="stack">
        <Card title={texts.display} meta={texts.kept} className="display">
          <form className="settings-form">
            <Choice label={texts.theme} options={SCHEMES} names={texts.themes} value={colorScheme} onChoose={setColorScheme} />
            <Choice
              label={texts.colours}
              options={CHOICES.colours}
              names={texts.colourSets}
              value={display.colours}
              onChoose={(colours) => choose({ colours })}
            />
            <Choice
              label={texts.numbers}
              options={CHOICES.numbers}
              names={texts.numberStyles}
              value={display.numbers}
              onChoose={(numbers) => choose({ numbers })}
            />
            <Choice
              label={texts.time}
              options={CHOICES.zone}
              names={texts.zones}
              value={display.zone}
              onChoose={(zone) => choose({ zone })}
            />
            <p className="meta">{texts.zoneText(Intl.DateTimeFormat().resolvedOptions().timeZone)}</p>
            <label className="switch">
              <input type="checkbox" checked={on} onChange={(event) => switchShortcuts(event.currentTarget.checked)} />
              {texts.shortcuts}
            </label>
            <p data-testid="sample">
              {texts.sample}: <span className="pos">+{decimal("1234.56", 2)}</span>{" "}
              <span className="neg">
                {MINUS}
                {decimal("1234.56", 2)}
              </span>{" "}
              <time dateTime={new Date(now).toISOString()}>{dateAndTime(now)}</time>
            </p>
          </form>
        </Card>
        <Who />
      </div>
    </>
  );
}

function Who() {
  const who = useModel((model) => model.who);
  return (
    <Card title={texts.who} className="who">
      {who === null ? (
        <p className="quiet">{texts.unknown}</p>
      ) : (
        <Facts
          rows={[
            [texts.actor, who.actor],
            [texts.role, who.role],
            [texts.key, <span key="key" className="mono">{who.key}</span>],
            ...(who.expires === null ? [] : [[texts.expires, <Moment key="expires" instant={who.expires} short />] as [string, ReactNode]]),
          ]}
        />
      )}
    </Card>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  options: readonly T[];
  names: Record<T, string>;
  value: T;
  onChoose: (value: T) => void;
}

function Choice<T extends string>({ label, options, names, value, onChoose }: ChoiceProps<T>) {
  return (
    <fieldset className="choice">
      <legend>{label}</legend>
      {options.map((option) => (
        <label key={option}>
          <input type="radio" name={label} checked={option === value} onChange={() => onChoose(option)} />
          {names[option]}
        </label>
      ))}
    </fieldset>
  );
}
