{
  "variables": {
    # yarn 1 and pnpm run node-gyp for a dependency by themselves: nothing to do where a prebuilt addon fits
    "build_addon%": "<!(node scripts/prebuild-path.cjs needed)"
  },
  "targets": [
    {
      "target_name": "vmalock",
      "conditions": [
        ["build_addon==1", {
          "sources": ["<!@(node scripts/addon.cjs sources)"],
          "include_dirs": [
            "<!@(node scripts/addon.cjs includes)",
            "<!@(node scripts/liburcu.cjs includes)",
            "<!(node -p \"require('node-addon-api').include_dir\")"
          ],
          "defines": ["<!@(node scripts/addon.cjs defines)"],
          "cflags": ["<!@(node scripts/addon.cjs flags)"],
          "cflags_c": ["<!@(node scripts/addon.cjs cFlags)"],
          "cflags_cc!": ["-fno-exceptions"],
          "cflags_cc": ["<!@(node scripts/addon.cjs ccFlags)"],
          "ldflags": ["<!@(node scripts/addon.cjs linkFlags)", "-Wl,-rpath,'$$ORIGIN'"],
          "libraries": ["<!@(node scripts/liburcu.cjs libs)"]
        }, {
          "type": "none"
        }]
      ]
    }
  ]
}
