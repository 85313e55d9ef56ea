// The curve of people online: numbers from the page, colours from the tokens, no style attribute written (richText).
(function () {
  "use strict";
  if (!window.echarts) return;
  var style = getComputedStyle(document.documentElement);

  function token(name) { return style.getPropertyValue("--zm-" + name).trim(); }

  function faded(colour) { return window.echarts.graphic ? colour + "1a" : colour; }

  document.querySelectorAll('[data-chart="online"]').forEach(function (box) {
    var data = JSON.parse(document.getElementById(box.dataset.source).textContent);
    var words = box.dataset;
    // Both curves stand on the whole day in quarters of an hour, so that the place of a moment never moves.
    var day = [];
    for (var minute = 0; minute < 1440; minute += 15) {
      day.push(("0" + Math.floor(minute / 60)).slice(-2) + ":" + ("0" + (minute % 60)).slice(-2));
    }
    var narrow = box.clientWidth < 480;
    var peak = data.today.reduce(function (best, point) {
      return point[1] !== null && (!best || point[1] > best[1]) ? point : best;
    }, null);
    var font = getComputedStyle(document.body).fontFamily;
    var series = [{
      name: words.today, type: "line", showSymbol: false, connectNulls: false, animation: false, z: 3,
      data: data.today.map(function (point) {
        return point === peak
          ? { value: point, symbol: "circle", symbolSize: 8, label: { show: true, formatter: words.peak + " " + point[1].toLocaleString("en"), position: "top", align: day.indexOf(point[0]) > 84 ? "right" : "center", color: token("ink"), fontWeight: 600, fontFamily: font } }
          : point;
      }),
      lineStyle: { width: 2, color: token("c1") }, itemStyle: { color: token("c1") }, areaStyle: { color: faded(token("c1")) }
    }];
    // A peak's label needs its symbol; all others stay hidden.
    series[0].showSymbol = true;
    series[0].symbolSize = 0;
    if (data.yesterday.length) {
      series.push({
        name: words.yesterday, type: "line", showSymbol: false, animation: false, data: data.yesterday,
        lineStyle: { width: 1.5, color: token("c6") }, itemStyle: { color: token("c6") }
      });
    }
    var chart = window.echarts.init(box, null, { renderer: "canvas" });
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: font },
      grid: { left: 8, right: 18, top: 42, bottom: 4, containLabel: true },
      legend: { top: 0, right: 8, itemWidth: 14, itemHeight: 8, icon: "roundRect", textStyle: { color: token("ink-2"), fontSize: 12.5, fontFamily: font } },
      tooltip: {
        trigger: "axis", renderMode: "richText", backgroundColor: token("surface"), borderColor: token("line-strong"),
        textStyle: { color: token("ink"), fontSize: 12.5, fontFamily: font }, axisPointer: { lineStyle: { color: token("ink-3"), type: "dashed" } },
        valueFormatter: function (value) { return value === null || value === undefined ? "—" : Number(value).toLocaleString("en") + " " + words.unit; }
      },
      xAxis: {
        type: "category", boundaryGap: false,
        data: day,
        axisLine: { lineStyle: { color: token("line-strong") } }, axisTick: { show: false },
        axisLabel: { color: token("ink-3"), fontSize: 12, interval: function (index, value) { return /:00$/.test(value) && Number(value.slice(0, 2)) % (narrow ? 6 : 3) === 0; } }
      },
      yAxis: {
        type: "value", min: 0, minInterval: 1, splitNumber: 4, name: words.unit, nameTextStyle: { color: token("ink-3"), align: "right", fontSize: 12 },
        splitLine: { lineStyle: { color: token("grid") } }, axisLabel: { color: token("ink-3"), fontSize: 12, formatter: function (value) { return value.toLocaleString("en"); } }
      },
      series: series
    });
    window.addEventListener("resize", function () { chart.resize(); });
  });
}());
