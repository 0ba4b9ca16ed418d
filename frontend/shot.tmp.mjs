import { chromium } from '@playwright/test'
const [url, out, w, h, wait, theme] = process.argv.slice(2)
const b = await chromium.launch({executablePath:'/usr/bin/chromium', args:['--no-sandbox','--disable-gpu','--disable-quic','--no-first-run','--disable-background-networking','--disable-component-update','--disable-sync']})
const c = await b.newContext({viewport:{width:+w,height:+h}, colorScheme: theme||'dark'})
const p = await c.newPage()
p.on('console', m => console.log('console', m.type(), m.text()))
p.on('pageerror', e => console.log('pageerror', e.message))
await p.goto(url); await p.waitForTimeout(+wait); await p.screenshot({path: out, fullPage:true}); 
await c.storageState({path:'/tmp/ap/state.json'})
await b.close()
