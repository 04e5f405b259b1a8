import { exampleAddress } from './introduction.ts';

/** The script of the page. It starts Swagger UI for the description that is beside the page, also behind a path prefix. */
export const startScript = `
const names = { '#servers': 'Server', '.examples-select-element': 'Example', '.body-param__text': 'Body', '.close-modal': 'Close' };
const nameOf = (control) => {
  const known = Object.keys(names).find((selector) => control.matches(selector));
  return known ? names[known] : control.closest('tr[data-param-name]')?.dataset.paramName;
};
/** What Swagger UI lacks: the direction of Arabic text, names for screen readers, and scrolling by keyboard. */
const improve = () => {
  for (const field of document.querySelectorAll('textarea:not([dir]), input[type=text]:not([dir]), pre:not([dir]), .markdown:not([dir])'))
    field.dir = 'auto';
  for (const control of document.querySelectorAll(':is(select, textarea, input, .close-modal):not([aria-label])')) {
    const name = nameOf(control);
    if (name) control.setAttribute('aria-label', name);
  }
  for (const scrollable of document.querySelectorAll('pre.microlight:not([tabindex])')) scrollable.tabIndex = 0;
};
new MutationObserver(improve).observe(document.body, { childList: true, subtree: true });

const address = new URL('.', location.href).href.replace(/\\/$/, '');
const showOwnAddress = (update) => (description) => update({
  ...description,
  servers: [{ ...description.servers[0], url: address }],
  info: { ...description.info, description: description.info.description.replaceAll('${exampleAddress}', address) },
});
const collapseHeaders = (Headers, { React: { createElement } }) => (props) =>
  createElement('details', null, createElement('summary', null, 'Headers'), createElement(Headers, props));
const addSkipLink = (Information, { React: { createElement, Fragment }, getComponent }) => (props) =>
  createElement(Fragment, null, createElement(getComponent('SkipToOperations')), createElement(Information, props));

SwaggerUIBundle({
  url: 'openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null,
  persistAuthorization: false, displayRequestDuration: true, tryItOutEnabled: true,
  syntaxHighlight: { theme: 'tomorrow-night' },
  presets: [SwaggerUIBundle.presets.apis], layout: 'BaseLayout',
  plugins: [{
    statePlugins: { spec: { wrapActions: { updateJsonSpec: showOwnAddress } } },
    wrapComponents: { headers: collapseHeaders, InfoContainer: addSkipLink },
  }],
});`;
