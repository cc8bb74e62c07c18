"""The report that people look at: ``report.html`` with a page and a viewer for each study."""
