(function(d){
var f=d.querySelector('form[data-once]'),e=d.querySelector('[data-eye]'),b;
if(f){b=f.querySelector('button.go');f.addEventListener('submit',function(v){
if(f.sent){v.preventDefault();return}f.sent=1;b.className+=' busy';b.firstChild.data=b.getAttribute('data-busy')})}
if(e){e.hidden=false;e.onclick=function(){var p=d.getElementById('password'),s=p.type==='password';
p.type=s?'text':'password';e.firstChild.data=e.getAttribute(s?'data-hide':'data-show');e.setAttribute('aria-pressed',s)}}
addEventListener('pageshow',function(v){if(v.persisted&&f){f.sent=0;b.className='btn go';b.firstChild.data=b.getAttribute('data-text')}});
}(document));
