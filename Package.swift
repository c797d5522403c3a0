// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

// No dependencies: the toolchain is all it needs. Arrows point one way: coord -> CoordSystem -> CoordCore.
let package = Package(
  name: "coord",
  products: [.executable(name: "coord", targets: ["coord"])],
  targets: [
    .target(name: "CoordCore", swiftSettings: strict),
    .target(name: "CoordSystem", dependencies: ["CoordCore"], swiftSettings: strict),
    .executableTarget(name: "coord", dependencies: ["CoordSystem", "CoordCore"], swiftSettings: strict),
    .testTarget(name: "CoordCoreTests", dependencies: ["CoordCore"], swiftSettings: strict),
    .testTarget(name: "CoordSystemTests", dependencies: ["CoordSystem", "CoordCore"], swiftSettings: strict),
    .target(
      name: "Simulation", dependencies: ["CoordCore"], path: "Tests/Simulation", swiftSettings: strict),
    .testTarget(name: "SimulationTests", dependencies: ["Simulation", "CoordCore"], swiftSettings: strict),
    .testTarget(
      name: "DirectoryTests", dependencies: ["Simulation", "CoordSystem", "CoordCore"], swiftSettings: strict),
    .testTarget(name: "CoordCommandTests", dependencies: ["coord", "CoordCore"], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
