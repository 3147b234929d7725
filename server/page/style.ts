export const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
nav a { display: inline-block; margin: 0 1rem 0.25rem 0; }
nav a[aria-current] { font-weight: bold; }
ol { list-style: none; margin: 0; padding: 0; }
li { border-top: 1px solid #8884; padding: 0.25rem 0; font: 0.85rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
`;
