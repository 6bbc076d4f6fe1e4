#pragma once

// Nothing to call: what Start.c does has been done before the program's libraries were initialized.
