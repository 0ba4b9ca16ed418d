import { ActionIcon, useMantineColorScheme, type MantineColorScheme } from "@mantine/core";
import {
  IconDeviceDesktop,
  IconKeyboard,
  IconMoon,
  IconPlayerPlayFilled,
  IconSun,
  IconWifi,
  IconWifiOff,
} from "@tabler/icons-react";
import { useShallow } from "zustand/react/shallow";

import type { Source } from "../api/types";
import { percentText } from "../format/amount";
import { dateAndTime, millis, timeOfDay, zoneWord } from "../format/time";
import { keyboard, shell, words } from "../messages";
import { familyOf, isUnknown, stateLine, stateWord } from "../model/banner";
import { useSecond, useTimes } from "../model/second";
import { useModel } from "../model/store";
import { StateShape } from "./shapes";
import { showHelp } from "./shortcuts";
import { StopButton } from "./StopButton";

/** What must never leave the screen: the state, the mode and the stop button; then where the data comes from. */
export function TopBar() {
  const live = useModel((model) => model.topics.status?.mode === "live");
  return (
    <header className="top" data-live={live || undefined}>
      <div className="brand">
        <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
          <path d="M1.5 12.5h4l3-8 4.5 13 3-8.5 1.2 3.5h3.3" />
        </svg>
        <span>{words.product}</span>
      </div>
      <StateBlock />
      <ModeChip />
      <SourceBlock />
      <span className="gap" />
      <MarketClock />
      <Connection />
      <ActionIcon
        variant="transparent"
        className="scheme help"
        size={32}
        aria-label={keyboard.title}
        title={keyboard.title}
        onClick={() => showHelp(true)}
      >
        <IconKeyboard size={18} aria-hidden="true" />
      </ActionIcon>
      <SchemeSwitch size={32} />
      <StopButton />
    </header>
  );
}

function StateBlock() {
  const times = useTimes();
  const word = useModel(stateWord);
  const line = useModel((model) => stateLine(model, times));
  return (
    <div className="state" data-state={familyOf(word)} data-testid="state">
      <span className="word">
        <StateShape state={familyOf(word)} size={16} />
        {words.states[word]}
      </span>
      <small>{line}</small>
    </div>
  );
}

function ModeChip() {
  const mode = useModel((model) => model.topics.status?.mode);
  if (mode === undefined) return null;
  return <span className={`chip ${mode}`}>{words.modes[mode]}</span>;
}

function useSource(): Source | null {
  return useModel(useShallow((model) => model.topics.status?.source ?? null));
}

function SourceBlock() {
  const source = useSource();
  if (source === null) return null;
  const percent = percentText(BigInt(source.position_ppm));
  return (
    <div className="source">
      <IconPlayerPlayFilled size={12} className="note" aria-hidden="true" />
      <div>
        <b title={source.name}>{shell.recording(source.name)}</b>
        <span>
          {shell.speed(source.speed)}, {shell.atEnd[source.at_end]}
        </span>
      </div>
      <div className="progress" role="img" aria-label={shell.position(percent)} title={shell.position(percent)}>
        <i style={{ width: percent }} />
      </div>
    </div>
  );
}

function MarketClock() {
  const clock = useModel((model) => model.topics.status?.clock ?? null);
  const source = useSource();
  if (clock === null) return null;
  return (
    <div className="clock">
      <time dateTime={clock.iso}>{dateAndTime(millis(clock))}</time>
      <span>{source === null ? shell.sourceTime : shell.recordedTime}</span>
    </div>
  );
}

function Connection() {
  const phase = useModel((model) => model.link.phase);
  const now = useSecond();
  const Shape = phase === "connected" ? IconWifi : IconWifiOff;
  return (
    <div className="connection">
      <Shape size={16} className={phase === "connected" ? "pos" : "warn"} aria-hidden="true" />
      <div>
        <span>{shell[phase]}</span>
        <time dateTime={new Date(now).toISOString()}>
          {timeOfDay(now)} {zoneWord(now)}
        </time>
      </div>
    </div>
  );
}

const nextScheme: Record<MantineColorScheme, MantineColorScheme> = { auto: "dark", dark: "light", light: "auto" };
const schemeShapes = { auto: IconDeviceDesktop, dark: IconMoon, light: IconSun };

function SchemeSwitch({ size }: { size: number }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Shape = schemeShapes[colorScheme];
  return (
    <ActionIcon
      variant="transparent"
      className="scheme"
      size={size}
      aria-label={shell.theme[colorScheme]}
      title={shell.theme[colorScheme]}
      onClick={() => setColorScheme(nextScheme[colorScheme])}
    >
      <Shape size={17} aria-hidden="true" />
    </ActionIcon>
  );
}

/** The narrow page's line below the bar: source, recorded time, connection. */
export function SourceStrip() {
  const source = useSource();
  const clock = useModel((model) => model.topics.status?.clock ?? null);
  const connected = useModel((model) => !isUnknown(model));
  const Shape = connected ? IconWifi : IconWifiOff;
  return (
    <section className="strip" aria-label={shell.strip}>
      <span>
        {source !== null && <IconPlayerPlayFilled size={12} className="note" aria-hidden="true" />}
        {source === null ? "" : `${shell.sourceShort(source)}, `}
        {clock === null ? words.none : dateAndTime(millis(clock))}
      </span>
      <span>
        <Shape size={15} className={connected ? "pos" : "warn"} aria-hidden="true" />
        <span className="unseen">{connected ? shell.connected : shell.disconnected}</span>
        <SchemeSwitch size={44} />
      </span>
    </section>
  );
}
