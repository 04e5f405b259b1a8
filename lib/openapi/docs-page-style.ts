/** The styles that the page adds to those of Swagger UI. All text has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3). */
export const pageStyle = `
/* The introduction: lines of a readable length, and calls that look like code. */
.swagger-ui .info { margin: 30px 0; }
.swagger-ui .info .description { max-width: 50rem; }
.swagger-ui .info .description h2 { font-size: 20px; margin: 28px 0 8px; }
.swagger-ui .info .description :is(p, li) { line-height: 1.5; margin: 8px 0; }
.swagger-ui .info .description ul { margin: 8px 0; padding-left: 20px; }
.swagger-ui .info .description :not(pre) > code { overflow-wrap: anywhere; }
.swagger-ui .markdown :not(pre) > code { padding: 1px 3px; }
.swagger-ui .info .description pre { background: #f1f1f1; border-radius: 4px; margin: 8px 0; padding: 10px; }
.swagger-ui .info .description pre > code { background: none; color: #3b4151; font-size: 12px; font-weight: 400; line-height: 1.5; padding: 0; }

/* Text takes the direction of its first strong letter, so that Arabic runs from right to left. */
.swagger-ui .highlight-code code > span, .swagger-ui textarea, .swagger-ui input, .swagger-ui .markdown p
{ unicode-bidi: plaintext; text-align: start; }

/* JSON and calls break between words. They break inside a word only if the word alone is wider than the line. */
.swagger-ui .opblock-body pre.microlight, .swagger-ui .highlight-code > .microlight code, .swagger-ui .curl code
{ white-space: pre-wrap !important; word-break: normal; overflow-wrap: anywhere; hyphens: none; }
/* The buttons lie over the end of the JSON. */
.swagger-ui .live-responses-table .highlight-code > .microlight { padding-bottom: 50px !important; }

/* No response has links to other operations. */
.swagger-ui .responses-table .response-col_links { display: none !important; }
.swagger-ui .response summary { cursor: pointer; font-size: 12px; font-weight: 700; padding: 10px 0; }

/* Contrast. */
.swagger-ui .info .link, .swagger-ui .info .url { color: #1d5fb4; }
.swagger-ui .info .title small, .swagger-ui .info .title small pre { background: #5a6170; }
.swagger-ui .info .title small.version-stamp, .swagger-ui .info .title small.version-stamp pre { background: #4a6b00; }
.swagger-ui .btn.authorize { border-color: #16734a; color: #16734a; }
.swagger-ui .scheme-container .btn.authorize svg { color: #16734a; }
.swagger-ui .parameter__name.required:after { color: #b81d1d; }
.swagger-ui .btn.cancel { border-color: #b81d1d; color: #b81d1d; }
.swagger-ui .btn.execute { background: #1d5fb4; border-color: #1d5fb4; }
.swagger-ui .download-contents { background: #5a6170; }
.swagger-ui .opblock-get.opblock .opblock-summary-method { background: #1d5fb4; }
.swagger-ui .opblock-post.opblock .opblock-summary-method { background: #16734a; }
.swagger-ui .opblock-put.opblock .opblock-summary-method { background: #8a4b00; }
.swagger-ui .opblock-patch.opblock .opblock-summary-method { background: #0d6b60; }
.swagger-ui .opblock-delete.opblock .opblock-summary-method { background: #b81d1d; }
.swagger-ui .markdown :not(pre) > code, .swagger-ui .renderedMarkdown :not(pre) > code { color: #7a0fd8; }
.swagger-ui .json-schema-2020-12__constraint--string { background: #8a5a00; }
.swagger-ui :is(.parameter__in, .json-schema-2020-12-expand-deep-button) { color: #565656; }

/* Targets of at least 24 pixels (WCAG 2.2, 2.5.8). */
.swagger-ui .opblock-summary-path a { display: inline-block; min-width: 24px; line-height: 24px; }

/* On a narrow screen, the cells of a row lie below each other. */
@media (max-width: 640px) {
  .swagger-ui .wrapper { padding: 0 12px; }
  .swagger-ui .opblock :is(.parameters-container, .opblock-description-wrapper, .responses-inner) { padding: 12px; }
  .swagger-ui :is(table.parameters, .responses-table), .swagger-ui :is(table.parameters, .responses-table) > :is(tbody, tbody > tr),
  .swagger-ui :is(table.parameters, .responses-table) > tbody > tr > td
  { display: block; max-width: none; padding-left: 0; padding-right: 0; width: 100%; }
  .swagger-ui :is(table.parameters, .responses-table) > thead { display: none; }
  .swagger-ui .parameters-container .table-container { padding: 0; }
  .swagger-ui table.parameters > tbody > tr > td { padding-bottom: 0; padding-top: 4px; }
  .swagger-ui table.parameters > tbody > tr { padding-bottom: 20px; }
  .swagger-ui .parameters-col_name > div { display: inline-block; margin-right: 8px; }
  .swagger-ui .opblock :is(.markdown, .renderedMarkdown) p { font-size: 14px; margin: 4px 0; }
  .swagger-ui .try-out .btn { margin: 0 0 0 8px; padding: 5px 10px; }
}
`;
