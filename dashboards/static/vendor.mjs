// Copies the third-party style sheets and fonts that pages use from node_modules
// to dashboards/static/vendor, where Go embeds them. Nothing copied is committed.
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "..", "..", "node_modules");
const vendor = join(here, "vendor");

// Latin-ext has the letters of Sámi and Kven names.
const fonts = ["latin", "latin-ext"].flatMap((set) => [400, 600].map((weight) => `inter-${set}-${weight}-normal.woff2`));

const files = {
  "designsystemet.css": "@digdir/designsystemet-css/dist/src/index.css",
  "designsystemet-theme.css": "@digdir/designsystemet-css/dist/theme/designsystemet.css",
  "designsystemet-licence.txt": "@digdir/designsystemet-css/LICENSE",
  "inter-licence.txt": "@fontsource/inter/LICENSE",
  ...Object.fromEntries(fonts.map((name) => [name, `@fontsource/inter/files/${name}`])),
};

mkdirSync(vendor, { recursive: true });
for (const name of readdirSync(vendor)) {
  if (name !== "README.md") {
    rmSync(join(vendor, name), { recursive: true });
  }
}
for (const [name, from] of Object.entries(files)) {
  copyFileSync(join(modules, from), join(vendor, name));
}

// Our content security policy loads nothing but files of our own, so that the
// icons written into the style sheet become files beside it.
for (const name of Object.keys(files).filter((name) => name.endsWith(".css"))) {
  const path = join(vendor, name);
  const css = readFileSync(path, "utf8").replace(/url\((["'])data:image\/svg\+xml;charset=utf-8,(.+?)\1\)/g, (_, quote, encoded) => {
    const svg = decodeURIComponent(encoded);
    const icon = `icon-${createHash("sha256").update(svg).digest("hex").slice(0, 12)}.svg`;
    writeFileSync(join(vendor, icon), svg);
    return `url("vendor/${icon}")`;
  });
  writeFileSync(path, css);
}
