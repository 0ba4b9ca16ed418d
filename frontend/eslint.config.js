import js from "@eslint/js";
import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import ts from "typescript-eslint";

const noFloats = [
  {
    selector: "CallExpression[callee.name=/^(parseFloat|Number|parseInt)$/]",
    message: "amounts are text or BigInt; numbers are made in the chart layer only",
  },
  {
    selector: "CallExpression[callee.object.name='Number'][callee.property.name=/^parse(Float|Int)$/]",
    message: "amounts are text or BigInt; numbers are made in the chart layer only",
  },
  {
    selector: "UnaryExpression[operator='+']",
    message: "amounts are text or BigInt; numbers are made in the chart layer only",
  },
];

export default ts.config(
  { ignores: ["node_modules", "src/api/schema.d.ts", "test-results", "playwright-report"] },
  js.configs.recommended,
  ts.configs.strict,
  a11y.flatConfigs.recommended,
  hooks.configs.flat["recommended-latest"],
  {
    languageOptions: { parserOptions: { ecmaFeatures: { jsx: true } } },
    rules: { eqeqeq: "error", "no-restricted-syntax": ["error", ...noFloats] },
  },
  {
    files: ["src/charts/**", "e2e/**", "tests/**"],
    rules: { "no-restricted-syntax": "off" },
  },
  {
    files: ["public/**"],
    languageOptions: { globals: { window: "readonly", document: "readonly" } },
  },
);
