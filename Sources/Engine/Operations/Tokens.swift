/// [h, w, c] -> [positions, tokens, c]: token n of patch position p is the pixel of the n-th patch at place p of the
/// grid; both count line by line.
public final class Unfold: GraphOperation, @unchecked Sendable {
    private let grid: PatchGrid

    init(_ grid: PatchGrid) { self.grid = grid }

    init(_ attributes: inout AttributeReader) throws(GraphError.Problem) { grid = try attributes.grid() }

    static var kind: StaticString { "unfold" }
    public override var name: StaticString { Self.kind }
    public override var attributes: [Int] { grid.attributes }
    override var form: Form { .view(grid, toTokens: true) }

    override func shape(of inputs: UpToSix<MapShape>) throws(GraphError.Problem) -> MapShape {
        try grid.check(inputs[0])
        return MapShape(
            height: grid.positions, width: inputs[0].rows / grid.positions, channels: inputs[0].channels)
    }

    override func step(_ call: Lowering.Call, _ builder: FloatBuilder) throws(EngineError) -> Step {
        grid.step(map: builder.map(call.input), tokens: builder.map(call.output), toTokens: true)
    }
}

/// The inverse of `Unfold`.
public final class Fold: GraphOperation, @unchecked Sendable {
    private let grid: PatchGrid
    private let extent: Extent

    init(_ grid: PatchGrid, to extent: Extent) {
        self.grid = grid
        self.extent = extent
    }

    init(_ attributes: inout AttributeReader) throws(GraphError.Problem) {
        grid = try attributes.grid()
        extent = try attributes.extent()
    }

    static var kind: StaticString { "fold" }
    public override var name: StaticString { Self.kind }
    public override var attributes: [Int] { grid.attributes + extent.attributes }
    override var form: Form { .view(grid, toTokens: false) }

    override func shape(of inputs: UpToSix<MapShape>) throws(GraphError.Problem) -> MapShape {
        let shape = extent.shape(for: inputs[0])
        try grid.check(shape)
        guard inputs[0].height == grid.positions, inputs[0].rows == shape.rows else {
            throw .rows(found: inputs[0].rows, expected: shape.rows)
        }
        return shape
    }

    override func step(_ call: Lowering.Call, _ builder: FloatBuilder) throws(EngineError) -> Step {
        grid.step(map: builder.map(call.output), tokens: builder.map(call.input), toTokens: false)
    }
}

extension PatchGrid {
    /// Whether the map consists of whole patches.
    fileprivate func check(_ map: MapShape) throws(GraphError.Problem) {
        guard height > 0, width > 0 else { throw .attribute }
        guard map.height % height == 0, map.width % width == 0 else { throw .patches(map, self) }
    }

    /// Moves rows between a map and its tokens, where tokens are not views.
    fileprivate func step(map: Map, tokens: Map, toTokens: Bool) -> Step {
        { part in
            for row in part.slice(tokens.shape.rows) {
                let position = row / tokens.shape.width, token = row % tokens.shape.width
                let pixel = map.floats(pixel(position: position, token: token, mapWidth: map.shape.width))
                let (from, to) = toTokens ? (pixel, tokens.floats(row)) : (tokens.floats(row), pixel)
                to.update(from: from, count: map.shape.channels)
            }
        }
    }

    /// The pixel, of a map `mapWidth` pixels wide, that is token `token` of `position`.
    func pixel(position: Int, token: Int, mapWidth: Int) -> Int {
        let columns = mapWidth / width
        return (height * (token / columns) + position / width) * mapWidth + width * (token % columns) + position % width
    }
}

/// Where the tokens of each patch position lie in an attention's input and output.
struct TokenMaps {
    let positions: Int
    /// Of one position.
    let from: ck_tokens
    let to: ck_tokens
    private let maps: (input: Map, output: Map)
    private let grid: PatchGrid?
    private let count: Int

    init(_ call: Lowering.Call, _ builder: Builder) {
        let node = builder.graph.nodes[call.node], shape = builder.graph.inputShape(node)
        positions = shape.height
        count = shape.width
        grid = builder.lowering.grids[node.input(0).index]
        maps = (builder.map(call.input), builder.map(call.output))
        from = Self.tokens(maps.input, grid, count: count)
        to = Self.tokens(maps.output, grid, count: count)
    }

    /// The first token of a patch position.
    func input(_ position: Int) -> UnsafeMutableRawPointer { first(maps.input, position) }
    func output(_ position: Int) -> UnsafeMutableRawPointer { first(maps.output, position) }

    private func first(_ map: Map, _ position: Int) -> UnsafeMutableRawPointer {
        guard let grid else { return map.row(position * count) }
        return map.row(grid.pixel(position: position, token: 0, mapWidth: map.shape.width))
    }

    private static func tokens(_ map: Map, _ grid: PatchGrid?, count: Int) -> ck_tokens {
        guard let grid else { return ck_tokens(height: 1, width: count, row_stride: 0, column_stride: map.stride) }
        return ck_tokens(
            height: map.shape.height / grid.height, width: map.shape.width / grid.width,
            row_stride: grid.height * map.shape.width * map.stride, column_stride: grid.width * map.stride)
    }
}

extension Graph {
    /// The map's pixels as tokens, ordered as `Unfold` says. Patches divide the map (precondition).
    public mutating func unfold(
        _ x: TensorID, _ name: Name, _ grid: PatchGrid = PatchGrid(height: 2, width: 2)
    ) -> TensorID {
        add(Unfold(grid), UpToSix(x), name)
    }

    /// The tokens as a map as large as `map`, which they fill (precondition).
    public mutating func fold(
        _ x: TensorID, like map: TensorID, _ name: Name, _ grid: PatchGrid = PatchGrid(height: 2, width: 2)
    ) -> TensorID {
        add(Fold(grid, to: .like(map, shape(map))), UpToSix(x), name)
    }
}
