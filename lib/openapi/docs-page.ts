import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { startScript } from './docs-page-script.ts';
import { pageStyle } from './docs-page-style.ts';

const assets = createRequire(import.meta.url);
/** Reads an asset of Swagger UI. Called only for the first request, because the assets have 2 MB. */
const asset = (name: string) => readFileSync(assets.resolve(`swagger-ui-dist/${name}`), 'utf8');

const hashSource = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Escapes each text that would end the script element that contains the script. */
const escapeScript = (script: string) => script.replaceAll(/<(?=\/script|!--)/gi, '\\x3c');

/** The page with all its scripts and styles, and the content security policy that allows only these. */
export interface DocsPage {
  html: string;
  gzipped: string;
  policy: string;
}

const renderPage = (): DocsPage => {
  const scripts = [escapeScript(asset('swagger-ui-bundle.js')), startScript];
  const style = asset('swagger-ui.css') + pageStyle;
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Client Channels API</title><link rel="icon" href="data:,"><style>${style}</style></head>
<body><div id="docs"></div>${scripts.map((script) => `<script>${script}</script>`).join('')}</body></html>`;
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.map(hashSource).join(' ')}`,
    `style-src ${hashSource(style)}`,
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return { html, gzipped: gzipSync(html).toString('base64'), policy };
};

let rendered: DocsPage | undefined;

/** The page on which people read and try the API: Swagger UI for `/openapi.json`. It loads nothing from other hosts. */
export const docsPage = (): DocsPage => {
  rendered ??= renderPage();
  return rendered;
};
