// npm runs this file after an installation, with whatever Node.js is there. So it must run on very old versions too.
// npm ci brings a Node.js of its own for these. Elsewhere, everything runs on the one that is there.
var bringsNode = process.platform === 'linux' && /^(x64|arm64)$/.test(process.arch);
var oldest = bringsNode ? [20, 19] : [22, 12];
var version = process.versions.node.split('.').map(Number);
if (version[0] < oldest[0] || (version[0] === oldest[0] && version[1] < oldest[1])) {
  console.error(
    'Node.js ' +
      oldest.join('.') +
      ' or later is needed, and this is ' +
      process.version +
      ': get it from https://nodejs.org',
  );
  process.exit(1);
}
