"""Printed tables audited: what must hold inside them, whatever the data were."""
