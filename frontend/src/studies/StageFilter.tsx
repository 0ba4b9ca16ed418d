import type { StageCount } from "../api/types";
import { countText } from "../format/amount";
import { studies as texts } from "../messages/studies";
import { CHOICES, countOf, type Choice } from "./stages";

interface Props {
  chosen: Choice;
  counts: StageCount[];
  onChoose: (choice: Choice) => void;
}

/** One choice of all stages: radio buttons, so that the arrow keys go through them. */
export function StageFilter({ chosen, counts, onChoose }: Props) {
  return (
    <fieldset className="stages">
      <legend className="unseen">{texts.filter}</legend>
      {CHOICES.map((choice) => {
        const count = countOf(choice, counts);
        return (
          <label key={choice} data-chosen={choice === chosen || undefined}>
            <input
              type="radio"
              name="stage"
              value={choice}
              checked={choice === chosen}
              onChange={() => onChoose(choice)}
            />
            {texts.stages[choice]}
            {count !== undefined && <b>{countText(count)}</b>}
          </label>
        );
      })}
    </fieldset>
  );
}
